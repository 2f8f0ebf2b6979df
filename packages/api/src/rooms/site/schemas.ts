import { count, flag, list, nullable, number, object, oneOfWords, text, time } from '../../schema-kit.ts';

const reasons = list(object('What is wrong.', { code: text('Stable code.'), detail: text('The facts.') }));

const roleState = oneOfWords(
  'How the process does. `silent`: it has told nothing for `silentAfterSeconds`; `ended`: it said that it ends.',
  ['ready', 'degraded', 'silent', 'ended'],
);

/** What this room takes and answers. */
export const SITE_SCHEMAS = {
  RoleList: object('The processes of the site.', {
    silentAfterSeconds: number('Age of the last report from which on a process is silent.'),
    items: list(
      object('A process.', {
        role: oneOfWords('What it does; `up` is all of it on one machine.', [
          'up',
          'gateway',
          'writer',
          'cloud',
        ]),
        name: text('Host and number of the process.'),
        place: text('Host and data folder: the same after a restart.'),
        version: text('Version.'),
        state: roleState,
        reasons,
        since: time('Since when it is in this state.'),
        started: time('When it was started, by its own clock.'),
        told: time('When it told last.'),
        toldSeconds: number('Age of what it told last.'),
        slot: nullable(
          object('The number that a gateway holds in its group.', {
            group: text('Group.'),
            number: count('Number; its MQTT client ids end with it.'),
            epoch: count('Grows each time that the number changes hands.'),
          }),
        ),
        buffer: nullable(
          object('What it has taken in and not handed on yet; null for one that takes nothing in.', {
            records: count('Records.'),
            seconds: number('Age of the oldest of them.'),
          }),
        ),
        sources: list(text('External broker that it subscribes to.')),
        partitions: list(text('Partition that it owns, `topic/partition`.')),
      }),
    ),
  }),
  PartitionList: object('Partitions by topic and number.', {
    trouble: nullable(
      object('Why ends and positions are not all known.', {
        code: text('Stable code.'),
        detail: text('The facts.'),
      }),
    ),
    items: list(
      object('A partition.', {
        topic: text('Topic; `journal` on one machine.'),
        partition: count('Number.'),
        owner: nullable(
          object('The process that writes it; null while nobody does.', {
            name: text('Its name, as among the roles.'),
            state: roleState,
          }),
        ),
        lastOwner: nullable(text('Who wrote it last, where nobody does.')),
        position: nullable(count('Offset behind the last record that is committed.')),
        end: nullable(count('Offset behind the last record; null while that cannot be asked.')),
        lagRecords: nullable(count('Records that wait.')),
        lagSeconds: nullable(number('Age of the oldest record that waits.')),
        retentionAt: nullable(time('When retention removes the oldest record that waits.')),
        reasons,
      }),
    ),
  }),
  SinkList: object('Stores of points, the primary one first.', {
    items: list(
      object('A store.', {
        name: text('Name.'),
        kind: text('What it is: `postgresql`, `sqlite`, `influxdb1`, …; empty where nobody feeds it.'),
        isPrimary: flag('Whether it is the one that decides what is stored.'),
        state: oneOfWords('`trouble`: it cannot go on; `unknown`: no process that lives feeds it.', [
          'good',
          'behind',
          'trouble',
          'unknown',
        ]),
        position: count('Seals that it has, over all partitions.'),
        committed: count('Seals that are committed.'),
        points: count('Points that it took.'),
        refused: count('Points that it will never take.'),
        missed: count('Seals that retention removed before it had them.'),
        lagSeconds: number('Age of the oldest committed seal that it does not have.'),
        retentionAt: nullable(
          time('When retention removes that seal, and the points would never come to it.'),
        ),
        lastError: nullable(
          object('What keeps it from going on, else its answer to the newest point that it refused.', {
            code: text('Stable code.'),
            detail: text('The facts.'),
            at: nullable(time('When it was said; null for now.')),
          }),
        ),
      }),
    ),
  }),
  SourceList: object('External MQTT brokers, by name.', {
    items: list(
      object('A broker.', {
        name: text('Name in the configuration.'),
        url: text('Address.'),
        share: text('Group of the shared subscription; empty for none.'),
        state: oneOfWords(
          '`degraded`: somebody has trouble with it; `silent`: of those who subscribe nobody tells anything; `unheld`: nobody subscribes.',
          ['good', 'degraded', 'silent', 'unheld'],
        ),
        gateways: list(
          object('A process that is configured to subscribe to it.', {
            name: text('Its name, as among the roles.'),
            state: roleState,
            clientId: text('Its MQTT client id there; empty while it does not subscribe.'),
            phase: oneOfWords('Its connection, as it told last; `elsewhere`: another gateway may have it.', [
              'elsewhere',
              'connecting',
              'connected',
              'waiting',
              'ended',
            ]),
            troubles: list(text('What is wrong.')),
            unacked: count('Messages that are taken in and not acknowledged yet.'),
            brokerDropped: nullable(count("The broker's own count of messages that it dropped.")),
            filters: list(
              object('A topic filter, and what the broker said to it.', {
                filter: text('Filter.'),
                wanted: count('QoS that is wanted.'),
                granted: nullable(count('QoS that was granted.')),
                state: oneOfWords('`lower`: granted with less than was wanted.', [
                  'not-asked',
                  'asked',
                  'granted',
                  'lower',
                  'refused',
                ]),
                why: text('What is wrong; empty where nothing is.'),
              }),
            ),
          }),
        ),
      }),
    ),
  }),
} as const;
