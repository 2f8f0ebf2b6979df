import { LIMITS } from '../limits.ts';

/** After CONNACK. `isSame`: the session is the one that is known here. */
export function connectedWords(isSame: boolean, isSessionPresent: boolean): string {
  if (isSame) return 'The session goes on.';
  if (!isSessionPresent) return 'A new session begins.';
  return 'A session is there; it may be a newer one than is known here, so everything is asked for again.';
}

/** The broker has no session where one was expected. `isInherited`: another held it, and nothing of it is known here. */
export function sessionLostWords(clientId: string, isInherited: boolean): string {
  if (isInherited)
    return `The broker has no session of ${JSON.stringify(clientId)}, which another held before and left: messages that waited for it are lost, unless it never came to this broker. Gaps in the sequence numbers of the devices show which.`;
  return `The broker has forgotten the session of ${JSON.stringify(clientId)}: messages that waited for it are lost. Gaps in the sequence numbers of the devices show which.`;
}

/** The broker keeps the session for less than was asked for; empty where it does not. */
export function expiryWords(grantedSecs: number | undefined, askedSecs: number): string {
  if (grantedSecs === undefined || grantedSecs >= askedSecs) return '';
  return `The broker keeps the session for ${grantedSecs} s; ${askedSecs} s were asked for.`;
}

/** The broker sends more than the window allows. */
export function windowWords(windowMax: number): string {
  return `The broker has sent more unacknowledged messages than Receive Maximum, ${windowMax}, allows; they are taken, and it is not read while there are twice as many.`;
}

/** A message is too large. */
export function oversizeWords(topic: string, bytes: number, bytesMax: number): string {
  const kept = LIMITS.oversizeHeadBytes.value;
  const rest =
    bytes <= kept
      ? 'It is handed on as too large.'
      : `Its first ${kept} bytes are handed on, the rest is lost; a greater bound takes the next one whole.`;
  return `A message on ${JSON.stringify(topic)} has ${bytes} bytes; at most ${bytesMax} are taken. ${rest}`;
}

/** The broker's count of dropped messages has grown. */
export function droppedWords(count: number): string {
  return `The broker says that it has dropped ${count} messages for full queues, of any of its clients; it may be told to keep more.`;
}

/** Connections that were accepted end soon, and again. */
export function cutShortWords(count: number, clientId: string): string {
  return `${count} connections in a row ended soon after they were accepted; another client may have the identifier ${JSON.stringify(clientId)}.`;
}

/** The connection was cut behind a filter that only counts what the broker drops. */
export function leftOutWords(filter: string): string {
  return `The connection ended when the broker was asked for ${JSON.stringify(filter)}, before it answered; it is not asked again, and messages that it drops for full queues are not counted.`;
}
