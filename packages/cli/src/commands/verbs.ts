import { auditListVerb, auditVerifyVerb } from './audit.ts';
import { backfillVerb } from './backfill.ts';
import { cloudVerb } from './cloud.ts';
import { completionVerb } from './completion.ts';
import { configCheckVerb, configPrintVerb } from './config.ts';
import { contextListVerb, contextSetVerb, contextUseVerb } from './context.ts';
import { demoResetVerb } from './demo.ts';
import { devicesVerb } from './devices.ts';
import { dlqDiscardVerb, dlqListVerb, dlqReplayVerb, dlqShowVerb } from './dlq.ts';
import { doctorVerb } from './doctor.ts';
import { explained } from './fault-report.ts';
import { gatewayVerb } from './gateway.ts';
import { ledgerGapsVerb, ledgerVerb } from './ledger.ts';
import { withNextSteps } from './next-steps.ts';
import {
  pipelineApplyVerb,
  pipelineDeleteVerb,
  pipelineGetVerb,
  pipelineHistoryVerb,
  pipelineListVerb,
  pipelineUndoVerb,
} from './pipeline.ts';
import {
  pipelinePartitionsVerb,
  pipelineRolesVerb,
  pipelineSinksVerb,
  pipelineSourcesVerb,
} from './pipeline-site.ts';
import { pipelineShadowVerb, pipelineTestVerb } from './pipeline-trial.ts';
import { replayVerb } from './replay.ts';
import { simulateVerb } from './simulate.ts';
import { sqlVerb } from './sql.ts';
import { supportBundleVerb } from './support-bundle.ts';
import { telemetryQueryVerb } from './telemetry-query.ts';
import { telemetryTailVerb } from './telemetry-tail.ts';
import { tokenCreateVerb, tokenListVerb, tokenRevokeVerb } from './token.ts';
import { upVerb } from './up.ts';
import {
  userAddVerb,
  userGrantVerb,
  userLinkVerb,
  userListVerb,
  userPasswordVerb,
  userRemoveVerb,
} from './user.ts';
import type { Verb } from './verb.ts';
import { verifyVerb } from './verify.ts';
import { writerVerb } from './writer.ts';

/** Every verb of `skerry`, in the order of the help. */
export const VERBS: readonly Verb[] = [
  upVerb,
  gatewayVerb,
  writerVerb,
  cloudVerb,
  backfillVerb,
  replayVerb,
  simulateVerb,
  demoResetVerb,
  devicesVerb,
  telemetryTailVerb,
  telemetryQueryVerb,
  sqlVerb,
  ledgerVerb,
  ledgerGapsVerb,
  dlqListVerb,
  dlqShowVerb,
  dlqReplayVerb,
  dlqDiscardVerb,
  pipelineListVerb,
  pipelineGetVerb,
  pipelineApplyVerb,
  pipelineDeleteVerb,
  pipelineUndoVerb,
  pipelineHistoryVerb,
  pipelineTestVerb,
  pipelineShadowVerb,
  pipelineRolesVerb,
  pipelinePartitionsVerb,
  pipelineSinksVerb,
  pipelineSourcesVerb,
  userListVerb,
  userAddVerb,
  userPasswordVerb,
  userGrantVerb,
  userRemoveVerb,
  userLinkVerb,
  tokenListVerb,
  tokenCreateVerb,
  tokenRevokeVerb,
  auditListVerb,
  auditVerifyVerb,
  verifyVerb,
  doctorVerb,
  configPrintVerb,
  configCheckVerb,
  supportBundleVerb,
  contextListVerb,
  contextUseVerb,
  contextSetVerb,
  completionVerb,
].map((verb) => explained(withNextSteps(verb)));
