import { type CommandNeeds, CommandSender } from '@skerry/journal/kafka';
import type { Meter } from '@skerry/kernel';
import type { SkerryConfig } from '../../config/schema.ts';
import { topicWishOf } from '../kafka-way.ts';
import { RebirthDesk } from '../rebirth-desk.ts';
import type { PartitionRunNeeds } from './partition-run.ts';

/** Asks Sparkplug edge nodes for their births by way of the gateway that their message came through. The stack ends it. */
export function openRebirthSender(
  config: Pick<SkerryConfig, 'kafka'>,
  needs: CommandNeeds & { readonly meter: Meter },
  stack: AsyncDisposableStack,
): PartitionRunNeeds['rebirthWanted'] {
  const commands = stack.use(new CommandSender(topicWishOf(config), needs));
  const desk = new RebirthDesk({
    ...needs,
    send: ({ group, node }, { gateway }) =>
      commands.send({ command: 'rebirth', group, node, ...(gateway === undefined ? {} : { gateway }) }),
  });
  return (node, cause) => desk.want(node, cause);
}
