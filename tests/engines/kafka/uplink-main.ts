/** A process that sends the journal of a folder to Kafka and says how far it is, until it is killed: BROKERS FOLDER TOPIC. */
import { openUplink, TopicLayout } from '@skerry/journal/kafka';
import { openJournal } from './journal-scene.ts';
import { aClient, PLAIN, tools } from './scene.ts';

const [brokers = '', folder = '', topic = ''] = process.argv.slice(2);
const needs = tools();
const journal = await openJournal(folder, needs);
const client = await aClient({ brokers: brokers.split(',') }, needs, { requestMs: 3000 });
const uplink = await openUplink(
  {
    layout: new TopicLayout({ topic }),
    topics: PLAIN,
    positionFile: { folder: `${folder}/uplink`, name: 'uplink.json' },
  },
  { ...needs, journal, client },
);
uplink.onPosition((position) => process.stdout.write(`position ${position}\n`));
await uplink.flush();
await uplink[Symbol.asyncDispose]();
await client[Symbol.asyncDispose]();
await journal[Symbol.asyncDispose]();
process.stdout.write('done\n');
