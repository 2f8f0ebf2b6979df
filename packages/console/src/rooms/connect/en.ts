import { things } from '../../words/english.ts';

/** Texts of connecting a device, in English. Texts with places are told client, user and topic. */
export const en = {
  title: 'Connect a device',
  lead: 'Copy a command, run it where your device is, and watch its first message arrive here.',
  simulate: 'No device at hand? Simulate some',
  which: '1. Which device is it?',
  way: 'How does it send?',
  ways: { mqtt: 'MQTT', http: 'HTTP request', file: 'File' },
  wayWords: {
    mqtt: 'For devices that stay connected. Start here when you are not sure.',
    http: 'For scripts and devices that send now and then.',
    file: 'For values you have recorded already, as CSV.',
  },
  tenant: 'Tenant',
  tenantHint: 'Who owns it: a company or a customer.',
  project: 'Project',
  projectHint: 'What it belongs to: a site or a plant.',
  device: 'Device',
  deviceHint: 'Its name. It appears by itself with the first message.',
  empty: 'A name is needed here.',
  badName: 'Letters, digits and most signs, but no / + or #; at most 128 characters.',
  credentials: '2. Its token',
  tokenWhy: {
    needed: 'This server lets no device in without a token.',
    http: 'HTTP wants a token with every request.',
    optional:
      'On this machine MQTT works without a token. From any other machine a device needs one; with it, it can write for itself alone.',
    file: 'Files are sent from this machine by the command line, which has rights of its own. No token is needed.',
  },
  makeToken: 'Make a token for this device',
  makingToken: 'Making it…',
  newToken: 'Make another token',
  tokenMade: 'The token is in the commands below. It is shown this once; copy it now if you need it later.',
  token: 'Token',
  tokenName: (name: string) => `It is called ${name} and can be revoked under Access.`,
  noTokenRight: 'Your role cannot make tokens. An administrator can make one for this device on this page.',
  send: '3. Send a first message',
  tools: 'Tool',
  install: 'Once, to install what it needs:',
  save: (file: string) => `Save this as ${file}`,
  run: 'Then run',
  runOnly: 'Run this in a terminal',
  fileFolder: 'On the machine of the server, in the folder of Skerry:',
  withoutToken: 'Without a token this will be refused; make one in step 2.',
  address: 'Address',
  topic: 'Topic',
  arrives: '4. Here it arrives',
  waiting: 'Waiting for the first message',
  waitingWords: 'This page listens. You need not reload it.',
  known: (ago: string) => `This device was last heard ${ago}. Waiting for its next message.`,
  arrived: (device: string) => `${device} is connected: its message has arrived.`,
  arrivedAgo: (ago: string) => `Arrived ${ago}`,
  stored: (messages: number) => `${things(messages, 'message')} stored in all`,
  metric: 'Metric',
  value: 'Value',
  time: 'Time',
  open: 'Open the device',
  another: 'Connect another device',
  wrong: 'What arrived wrongly',
  wrongWords: 'Of this device or perhaps of it, since this page was opened.',
  letter: (offset: string) => `Dead letter ${offset}`,
  details: 'What the server says',
  anybody: 'A client without a name',
  happened: {
    'dead-letter': (_client: string, _user: string, topic: string) =>
      `A message on ${topic} came in, but could not be processed.`,
    connect: (client: string, user: string) =>
      `${client} was refused when it connected${user === '' ? ' without a name' : ` as ${user}`}.`,
    publish: (client: string, _user: string, topic: string) => `${client} may not publish on ${topic}.`,
    will: (client: string, _user: string, topic: string) => `${client} may not leave a will on ${topic}.`,
    subscribe: (client: string, _user: string, topic: string) => `${client} may not subscribe to ${topic}.`,
    'cut-off': (client: string) => `${client} was disconnected for what it sent.`,
    elsewhere: (_client: string, _user: string, topic: string) =>
      `A message on ${topic} came in, but the topic is not one of telemetry.`,
  },
  remedy: {
    'bad-credentials':
      'The token or the password is wrong. Make a token in step 2 and copy the command again.',
    'not-authorized': 'Nobody gets in without a token here. Make one in step 2 and use it as the password.',
    'too-many-attempts': 'There were too many wrong attempts. Mend the token, then wait a few minutes.',
    banned: 'This client is shut out. An administrator can let it in again.',
    'access-unavailable': 'The server could not check who it is. Try again in a moment.',
    publish:
      'The token is good for one device only: check that tenant, project and device in the topic are these.',
    will: 'The token is good for one device only: check the topic of the will.',
    subscribe: 'The token is good for one device only: it may listen on topics of this device.',
    'cut-off': 'It broke the rules of MQTT or a limit. What the server says names the rule.',
    elsewhere: 'Publish on the topic that is shown in step 3.',
    'unknown-topic': 'Publish on the topic that is shown in step 3: this one has too few or too many levels.',
    undecodable: 'Send JSON such as {"temperature": 21.5}. Open the dead letter to see the bytes that came.',
    'series-limit':
      'It sends too many different names of values. Look for names that grow, such as counters in them.',
    'too-many-points': 'One message holds too many values. Send it in smaller parts.',
    'stage-failed':
      'A declared stage of the pipeline could not work with it. Mend the stage, then replay it.',
  },
};

/** Shape of the texts of connecting a device. */
export type ConnectWords = typeof en;
