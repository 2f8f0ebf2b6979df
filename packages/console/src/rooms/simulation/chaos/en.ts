import type { ChaosRun } from '../../../generated/client.ts';
import { count } from '../../../words/english.ts';

type Row = ChaosRun['rows'][number];

/** Reason codes of MQTT in words; not every one has some. */
const codesOf = (codes: Readonly<Record<number, string>>) => codes;

/** Texts of the chaos runs, in English. */
export const en = {
  title: 'Chaos',
  lead: 'Sends everything that a device can do wrong to this server, over MQTT: payloads that cannot be read, wrong topics, broken packets, other protocols. Each input comes from a device of its own in a project of its own, and it is looked up what became of it.',
  effects:
    'Some of them become dead letters on purpose: the overview, the ledger and the log will show them. Your devices, their data and their connections stay as they are.',
  tenant: 'Tenant',
  tenantHint: 'The project is a new one each time.',
  go: (inputs: number) => `Send ${count(inputs)} bad inputs…`,
  ask: {
    title: (inputs: number, tenant: string) => `Send ${count(inputs)} bad inputs as ${tenant}?`,
    words:
      'New devices, series and dead letters of this tenant will be there afterwards. It takes less than a minute and can be stopped.',
    act: 'Send them',
  },
  begun: 'The bad inputs are being sent.',
  stop: 'Stop',
  stopped: 'The run has ended. What it sent stays, and so does what it found until the server ends.',
  terminal: 'The same from a terminal, in the folder of Skerry:',
  report: (tenant: string, project: string) => `Chaos run ${tenant} / ${project}`,
  states: { running: 'Running', done: 'Done', stopped: 'Stopped', failed: 'Failed' },
  started: (author: string, ago: string) =>
    `started ${ago} by ${author}; this report is kept until the server ends`,
  sending: (sent: number, inputs: number) => `${count(sent)} of ${count(inputs)} bad inputs have been sent.`,
  failedAfter: (sent: number, inputs: number) =>
    `It failed after ${count(sent)} of ${count(inputs)} bad inputs:`,
  allRight: (inputs: number) => `All ${count(inputs)} bad inputs were answered as they should be.`,
  rightSoFar: (sent: number, inputs: number) =>
    `The first ${count(sent)} of ${count(inputs)} bad inputs were answered as they should be.`,
  notRight: (wrong: number, sent: number) =>
    `${count(wrong)} of ${count(sent)} bad inputs were not answered as they should be.`,
  counts: {
    stored: 'Stored',
    deadLettered: 'Became dead letters',
    refused: 'Refused',
    closed: 'Connection ended',
    wrong: 'Not as it should be',
  },
  letters: 'Its dead letters',
  each: 'Every input and its answer',
  input: 'What was sent',
  answer: 'What came of it',
  isRight: 'As it should be',
  should: (fate: string) => `Should be: ${fate}`,
  verdicts: { yes: 'Yes', NOT: 'No', unknown: 'Not known' },
  ofLevel: (input: string, level: Row['level']) => (level === null ? input : `${input}, MQTT ${level}`),
  times: (inputs: number) => (inputs === 1 ? '' : `${count(inputs)} times`),
  fates: {
    stored: 'Stored',
    'dead-lettered': 'Dead letter',
    refused: 'Refused',
    closed: 'Connection ended',
    acknowledged: 'Acknowledged',
    nothing: 'Acknowledged and not found again',
    'no-answer': 'No answer',
  },
  joined: (what: string, why: string) => `${what}: ${why}`,
  codes: codesOf({
    1: 'protocol version not taken',
    129: 'malformed packet',
    130: 'protocol error',
    132: 'protocol version not supported',
    144: 'topic name invalid',
    149: 'packet too large',
  }),
  inputs: {
    'invalid-utf8-text': 'Invalid UTF-8 in a text',
    'no-text': 'Bytes that are no text',
    empty: 'An empty payload',
    'broken-json': 'Broken JSON',
    'json-and-more': 'JSON with something behind it',
    nan: 'NaN as a value',
    'minus-infinity': 'Minus infinity as a value',
    'huge-number': 'A number beyond all doubles',
    'long-text': 'A text of 1 MB',
    'deep-objects': 'Objects 1,000 deep',
    'endless-arrays': 'Arrays 400,000 deep, never closed',
    'many-metrics': '10,000 metrics in one message',
    'many-objects': '10,000 objects in one array',
    'prototype-names': '__proto__ and constructor as metrics',
    'clock-1970': 'A device clock at 1970',
    'clock-2099': 'A device clock in 2099',
    'many-series': '1,000 series of one device',
    'topic-hash': 'A topic with #',
    'topic-plus': 'A topic with +',
    'topic-nul': 'A topic with NUL',
    'topic-invalid-utf8': 'A topic with invalid UTF-8',
    'topic-many-levels': 'A topic of 65,535 levels',
    'topic-of-nobody': 'A wrong topic under a telemetry prefix',
    'payload-over-limit': 'A payload over the limit',
    'length-256-mib': 'A length of 256 MiB',
    'length-five-bytes': 'A length of five bytes',
    'second-connect': 'A second CONNECT',
    'cut-publish': 'A PUBLISH cut after each of its bytes',
    'packet-type-0': 'A packet of type 0',
    'qos-3': 'A PUBLISH of QoS 3',
    'mqtt-3.1': 'MQTT 3.1 (MQIsdp)',
    'mqtt-level-6': 'MQTT of level 6',
    http: 'HTTP on the port of MQTT',
    tls: 'TLS on the port of MQTT',
    'publish-before-connect': 'A PUBLISH before CONNECT',
  } satisfies Record<Row['input'], string>,
};

/** Shape of the texts of the chaos runs. */
export type ChaosWords = typeof en;
