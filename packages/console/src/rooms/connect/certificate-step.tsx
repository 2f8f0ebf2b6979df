import Download from 'lucide-react/icons/download';
import type { Onboarding } from '../../generated/client.ts';
import { CopyButton } from '../../parts/copy-button.tsx';
import { useWords } from '../../words/words.ts';
import { en } from './en.ts';
import type { DeviceWay } from './reach.tsx';
import { zh } from './zh.ts';

const WORDS = { en, zh };

/** The certificate that a device has to be given, where no authority of its system vouches for it, and what is wrong with it. */
export function CertificateStep({
  at,
  certificate,
}: {
  readonly at: DeviceWay;
  readonly certificate: Onboarding['certificate'];
}) {
  const words = useWords(WORDS);
  return (
    <>
      {at.trust === 'file' && certificate && (
        <section className="trust">
          <p>{words.trust(certificate.fileName)}</p>
          <div className="row">
            <a href="/api/v1/onboarding/certificate" download={certificate.fileName} className="button">
              <Download aria-hidden size={15} /> {certificate.fileName}
            </a>
            <CopyButton text={certificate.text} name={certificate.fileName} />
          </div>
          {!certificate.isWhole && (
            <p className="notice notice-warn">{words.authorityMissing(certificate.fileName)}</p>
          )}
        </section>
      )}
      {!at.isNamed && <p className="notice notice-warn">{words.misnamed(new URL(at.url).hostname)}</p>}
    </>
  );
}
