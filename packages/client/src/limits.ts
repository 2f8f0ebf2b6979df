/** Limits of the client, shaped like those of every package. */
export const LIMITS = {
  lineCharsMax: {
    value: 67_108_864,
    unit: 'count',
    what: 'Characters of one line of an answer, as JSON lines and event streams have them.',
    whenFull: 'The answer is given up with `answer-broken`.',
  },
  silenceMs: {
    value: 45_000,
    unit: 'ms',
    what: 'Silence on an event stream, on which the server says something every 15 s.',
    whenFull: 'The connection is given up, and the stream goes on over another.',
  },
  pauseMsMax: {
    value: 5_000,
    unit: 'ms',
    what: 'Longest pause before an event stream is opened again; pauses double from 250 ms.',
    whenFull: 'Pauses stay as long.',
  },
} as const;
