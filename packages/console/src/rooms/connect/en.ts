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
    needed: 'No device gets in this way without a token.',
    http: 'HTTP wants a token with every request.',
    optional:
      'On the machine of the server MQTT works without a token. From any other machine a device needs one; with it, it can write for itself alone.',
    file: 'Files are sent from the machine of the server by the command line, which has rights of its own. No token is needed.',
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
  from: 'From where does it send?',
  reaches: { machine: 'From the machine of the server', network: 'From elsewhere in the network' },
  trust: (file: string) =>
    `The certificate of this server is a private one. Save it as ${file} where the device is, in the folder in which the command runs:`,
  authorityMissing: (file: string) =>
    `The authority that issued it is not in the file, so most clients will not trust it. Ask whoever made the certificate for the file of the authority, and save that as ${file}; behind the certificate in the file that the server reads it is offered here.`,
  misnamed: (host: string) =>
    `The certificate is not for ${host}: most clients refuse it. Make it anew with this in its subjectAltName, or use a name that it is for.`,
  machineOnly:
    'MQTT listens on the machine of the server alone: run this there. For devices in the network, an administrator sets mqtt.host and a certificate (mqtt.tls); HTTP works from here.',
  address: 'Address',
  socketAddress: 'The same over WebSocket',
  topic: 'Topic',
  arrives: '4. Here it arrives',
  waiting: 'Waiting for the first message',
  waitingWords: 'This page listens. You need not reload it.',
  known: (ago: string) => `This device was last heard ${ago}. Waiting for its next message.`,
  heardOnly: 'A message came, but none that could be stored.',
  silence: 'Nothing yet.',
  silenceCauses: [
    'Did the command end with a message? It often names the cause.',
    'Are host and port those of step 3, and does the command run where they lead to this server?',
    'Does a firewall stand between?',
  ],
  listensOn: 'This server listens on:',
  ofMachine: '(its own machine alone)',
  stray: (device: string, place: string) =>
    `A device called ${device} has appeared in ${place} meanwhile. Was tenant or project misspelt?`,
  openStray: 'Look at it',
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
    http: (_client: string, _user: string, topic: string) => `An HTTP request for ${topic} was refused.`,
    handshake: (_client: string, _user: string, _topic: string, remote: string) =>
      `A connection from ${remote} came, but did not get as far as sending.`,
  },
  remedy: {
    'bad-credentials':
      'The token or the password is wrong. Make a token in step 2 and copy the command again.',
    'not-authorized': 'Nobody gets in without a token here. Make one in step 2 and use it as the password.',
    'too-many-attempts': 'There were too many wrong attempts. Mend the token, then wait a few minutes.',
    banned: 'This client is shut out. An administrator can let it in again.',
    'access-unavailable': 'The server could not check who it is. Try again in a moment.',
    'publish-token':
      'A token of step 2 is good for one device only: check that tenant, project and device in the topic are these.',
    'publish-user':
      'This user may not send for this device. Use a token of step 2, or ask an administrator for the role operator here.',
    'publish-nobody': 'Without a name this may not be sent. Use a token of step 2.',
    'will-token': 'A token of step 2 is good for one device only: check the topic of the will.',
    'will-user': 'This user may not send for this device, nor leave a will there. Use a token of step 2.',
    'subscribe-token':
      'A token of step 2 is good for one device only: it may listen on topics of this device.',
    'subscribe-user': 'This user may not read there. An administrator can give it a role for it.',
    'cut-off': 'It broke the rules of MQTT or a limit. What the server says names the rule.',
    elsewhere: 'Publish on the topic that is shown in step 3.',
    'sign-in-required':
      'HTTP wants a token with every request. Make one in step 2 and copy the command again.',
    'token-refused': 'The token is wrong, revoked or expired. Make one in step 2 and copy the command again.',
    'not-allowed':
      'The token has no right to send for this device. A token of step 2 is good for one device only: check that tenant, project and device in the address are these.',
    'invalid-request': 'Send JSON such as {"temperature": 21.5}. What the server says names the place.',
    'unsupported-media-type': 'Send JSON with the header content-type: application/json.',
    'body-too-large': 'The body is too large. Send it in smaller parts.',
    untrusted:
      'It does not trust the certificate of this server. Give it the file of step 3, and use a host that the certificate is for.',
    'not-tls':
      'It does not speak TLS. Use the port without TLS, or turn TLS on: addresses with mqtts, wss or https.',
    'old-tls': 'Its TLS is too old: 1.2 or 1.3 is wanted.',
    left: 'It hung up during the handshake. Most often it does not trust the certificate: give it the file of step 3.',
    timeout:
      'It connected and said nothing. Perhaps it wants TLS where there is none, or the other way round.',
    'not-http': 'It speaks plain MQTT on the port of MQTT over WebSocket. Use the address of step 3.',
    'not-websocket':
      'It sent a plain HTTP request to the port of MQTT over WebSocket. Use the address of step 3.',
    path: 'MQTT over WebSocket is at the path /mqtt.',
    protocol: 'Its WebSocket does not offer the sub-protocol mqtt.',
    origin: 'A page of another site may not connect. Open it from the host of this server.',
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
