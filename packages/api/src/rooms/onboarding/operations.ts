import { LIMITS } from '../../limits.ts';
import type { Operation } from '../../operation.ts';
import { object, oneOfWords } from '../../schema-kit.ts';
import { moment } from '../parts.ts';
import { ONBOARDING_WAYS } from './onboarding-commands.ts';
import { newDevice } from './schemas.ts';

const TAG = 'Onboarding';

/** What can be asked of this room. */
export const ONBOARDING_OPERATIONS = {
  getOnboarding: {
    method: 'GET',
    path: '/api/v1/onboarding',
    tag: TAG,
    summary:
      'Ready commands that send a first message of a device, with the real addresses and without a secret',
    query: object('', { ...newDevice, way: oneOfWords('Only this way.', ONBOARDING_WAYS) }, ['way']),
    answer: 'Onboarding',
    faults: ['invalid-request', 'not-found'],
    may: 'telemetry:read',
  },
  createOnboarding: {
    method: 'POST',
    path: '/api/v1/onboarding',
    tag: TAG,
    summary: 'The same with a new token in them that is good for this device alone; it is shown this once',
    body: 'OnboardingRequest',
    answer: 'Onboarding',
    faults: ['invalid-request', 'not-allowed', 'too-many-tokens'],
    may: 'access:change',
  },
  getOnboardingCertificate: {
    method: 'GET',
    path: '/api/v1/onboarding/certificate',
    tag: TAG,
    summary: 'The certificates that TLS shows here, as a file for clients that are to trust them',
    alsoMedia: ['text/plain'],
    faults: ['not-found'],
    may: 'signed-in',
  },
  listArrivals: {
    method: 'GET',
    path: '/api/v1/onboarding/arrivals',
    tag: TAG,
    summary: `What of a device has arrived, and what arrived wrongly in the last ${LIMITS.arrivalsSecsMax.value / 60} minutes, in words`,
    query: object('', { ...newDevice, since: moment('Begin, `now-10m` when absent') }, ['since']),
    answer: 'Arrivals',
    faults: ['invalid-request', 'not-found'],
    may: 'telemetry:read',
  },
} as const satisfies Readonly<Record<string, Operation>>;
