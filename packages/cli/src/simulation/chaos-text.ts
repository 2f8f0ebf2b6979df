import type { ChaosFate, ChaosInput, ChaosRow } from '@skerry/api';

const INPUTS: Readonly<Record<ChaosInput, string>> = {
  'invalid-utf8-text': 'invalid UTF-8 in a text',
  'no-text': 'bytes that are no text',
  empty: 'an empty payload',
  'broken-json': 'broken JSON',
  'json-and-more': 'JSON with something behind it',
  nan: 'NaN',
  'minus-infinity': '-Infinity',
  'huge-number': 'a number beyond all doubles',
  'long-text': 'a text of 1 MB',
  'deep-objects': 'objects 1,000 deep',
  'endless-arrays': 'arrays 400,000 deep, never closed',
  'many-metrics': '10,000 metrics in one message',
  'many-objects': '10,000 objects in one array',
  'prototype-names': '__proto__ and constructor as metrics',
  'clock-1970': 'a device clock at 1970',
  'clock-2099': 'a device clock in 2099',
  'many-series': '1,000 series of one device',
  'topic-hash': 'a topic with #',
  'topic-plus': 'a topic with +',
  'topic-nul': 'a topic with NUL',
  'topic-invalid-utf8': 'a topic with invalid UTF-8',
  'topic-many-levels': 'a topic of 65,535 levels',
  'topic-of-nobody': 'a wrong topic under a telemetry prefix',
  'payload-over-limit': 'a payload over the limit',
  'length-256-mib': 'a remaining length of 256 MiB',
  'length-five-bytes': 'a remaining length of five bytes',
  'second-connect': 'a second CONNECT',
  'cut-publish': 'a PUBLISH cut after each of its bytes',
  'packet-type-0': 'a packet of type 0',
  'qos-3': 'a PUBLISH of QoS 3',
  'mqtt-3.1': 'MQTT 3.1 (MQIsdp)',
  'mqtt-level-6': 'MQTT of level 6',
  http: 'HTTP on the port of MQTT',
  tls: 'TLS on the port of MQTT',
  'publish-before-connect': 'a PUBLISH before CONNECT',
};

/** What was sent, in words. */
export function inputText({ input, level }: Pick<ChaosRow, 'input' | 'level'>): string {
  return level === undefined ? INPUTS[input] : `${INPUTS[input]} (MQTT ${level})`;
}

/** What becomes, or became, of an input, in words. */
export function fateText({ kind, reason, code }: ChaosFate): string {
  if (reason !== undefined) return `${kind}, ${reason}`;
  const words = kind === 'no-answer' ? 'no answer' : kind;
  return code === undefined ? words : `${words} with 0x${code.toString(16).padStart(2, '0')}`;
}
