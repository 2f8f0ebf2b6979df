/** How a message is made; it decides where it must end up. */
export type MessageKind = 'numbered' | 'plain' | 'undecodable' | 'misrouted';

/** One message as its device remembers it, outside the fault domain. */
export interface SentMessage {
  readonly device: string;
  /** 1, 2, 3, … per device, in the order of first sending. */
  readonly number: number;
  readonly kind: MessageKind;
  readonly qos: 0 | 1;
  readonly topic: string;
  readonly payload: Uint8Array;
  /** Value of the metric `f`. */
  readonly filler: string;
  /** How often it was written to a connection. */
  sends: number;
  isAcked: boolean;
  /** The broker answered with a reason of 0x80 or more at least once: its place in the order is lost. */
  wasRefused: boolean;
  /** A subscriber was given it. */
  isDelivered: boolean;
}

/** Tenant and project of every simulated device. */
export const OWNER = { tenant: 'acme', project: 'plant' } as const;
const PREFIX = 'mtic/msg/client/realtime';

/** Everything that was ever sent; the judge's side of the comparison. */
export class SentLedger {
  readonly messages: SentMessage[] = [];
  readonly #byName = new Map<string, SentMessage>();

  /** Notes a new message of a device and gives it its topic and payload; `more` are further members of the JSON object. */
  create(
    device: string,
    number: number,
    kind: MessageKind,
    qos: 0 | 1,
    { filler, more }: { readonly filler: string; readonly more: string },
  ): SentMessage {
    const message: SentMessage = {
      device,
      number,
      kind,
      qos,
      topic:
        kind === 'misrouted'
          ? `${PREFIX}/${OWNER.tenant}`
          : `${PREFIX}/${OWNER.tenant}/${OWNER.project}/${device}`,
      filler,
      payload: new TextEncoder().encode(textOf(device, number, kind, filler, more)),
      sends: 0,
      isAcked: false,
      wasRefused: false,
      isDelivered: false,
    };
    this.messages.push(message);
    this.#byName.set(`${device} ${number}`, message);
    return message;
  }

  /** The message of a device with a number. */
  find(device: string, number: number): SentMessage | undefined {
    return this.#byName.get(`${device} ${number}`);
  }

  /** Notes that the broker refused the message with this payload: its place in the order is lost. */
  noteRefusal(payload: Uint8Array): void {
    const message = this.findPayload(payload);
    if (message) message.wasRefused = true;
  }

  /** The message whose payload this is, byte for byte. */
  findPayload(payload: Uint8Array): SentMessage | undefined {
    const text = new TextDecoder().decode(payload);
    const [, device = '', number = ''] = /"d":"([^"]+)","n":(\d+)/.exec(text) ?? [];
    const found = this.find(device, Number(number));
    return found && Buffer.compare(found.payload, payload) === 0 ? found : undefined;
  }
}

function textOf(device: string, number: number, kind: MessageKind, filler: string, more: string): string {
  const head = `{"d":"${device}","n":${number},"f":"${filler}"${more}`;
  if (kind === 'undecodable') return head;
  return kind === 'numbered' ? `${head},"seq":${number},"epoch":"boot-1"}` : `${head}}`;
}
