import type { ShownCertificate, ShownCertificates } from '@skerry/api';
import type { TlsCredentials } from '@skerry/kernel';
import { certificateFacts } from './certificate-facts.ts';

/** The certificates in force, for whoever tells clients what to trust. */
export class CertificateBook {
  readonly #shown: { http?: ShownCertificate; mqtt?: ShownCertificate } = {};

  /** Notes what a listener shows from now on; the newest that was noted stays. */
  async note(listener: 'http' | 'mqtt', credentials: TlsCredentials): Promise<void> {
    this.#shown[listener] = await certificateFacts(credentials);
  }

  /** As of now. */
  get shown(): ShownCertificates {
    return { ...this.#shown };
  }
}
