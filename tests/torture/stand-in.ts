// A small server for tests of the campaign itself: the product's pipeline and store over a journal of one file, behind
// just enough MQTT and HTTP, under a supervisor. STAND_IN_FAULT=no-sync leaves out every sync of the journal.
import { spawn } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  fdatasyncSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { exitWhenParentEnds } from '@skerry/cli/parent-pipe';
import { createMeter, type FailpointHook, silentLogger } from '@skerry/kernel';
import { nodeClock, nodeDisk } from '@skerry/kernel/node';
import { DEFAULT_ROUTES, openPipeline } from '@skerry/pipeline';
import { openSqliteStore } from '@skerry/series/sqlite';
import { openAckSink } from '@skerry/testkit';
import { type DiskBatch, MODEL_ID, ModelDisk, ModelJournal, turn } from '../defects/model-journal.ts';

const HEAD_BYTES = 512;
const dataDir = String(process.env.SKERRY_DATA_DIR);
const syncs = process.env.STAND_IN_FAULT !== 'no-sync';
const runPath = join(dataDir, 'run.json');

function supervise(): void {
  exitWhenParentEnds();
  const child = spawn(process.execPath, [import.meta.filename, 'up'], {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
    env: { ...process.env, SKERRY_PARENT_FD: '3', STAND_IN_PARENT: String(process.pid) },
  });
  process.once('SIGTERM', () => {
    child.kill();
    process.exit();
  });
  child.once('exit', (_, signal) => {
    appendFileSync(join(dataDir, 'crashes.jsonl'), `${JSON.stringify({ signal })}\n`);
    setTimeout(supervise, 100);
  });
}

/** A disk whose batches also lie in a file. */
class FileDisk extends ModelDisk {
  readonly #file: number;
  readonly #failpoint: FailpointHook;
  #isDirty = true;
  #position: number;

  constructor(folder: string, failpoint: FailpointHook) {
    super();
    this.#failpoint = failpoint;
    const path = join(folder, `${'0'.repeat(20)}.seg`);
    if (!existsSync(path)) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'journal.id'), `${MODEL_ID}\n`);
      writeFileSync(path, this.files().read(`${'0'.repeat(20)}.seg`) ?? '');
      for (const name of [path, folder, dataDir]) fsyncSync(openSync(name, 'r'));
    }
    this.#recover(readFileSync(path));
    this.#file = openSync(path, 'r+');
    this.#position = this.batches.reduce((sum, { bytes }) => sum + bytes.length, HEAD_BYTES);
    ftruncateSync(this.#file, this.#position);
  }

  override write(one: DiskBatch): void {
    this.#failpoint('journal-before-write');
    this.#position += writeSync(this.#file, one.bytes, 0, one.bytes.length, this.#position);
    this.#isDirty = true;
    this.#failpoint('journal-after-write');
    super.write(one);
  }

  override sync(): void {
    if (syncs && this.#isDirty) fdatasyncSync(this.#file);
    this.#isDirty = false;
    this.#failpoint('journal-after-sync');
    super.sync();
  }

  /** Takes every batch that is there whole by its lengths; good enough for files that were cut and never damaged. */
  #recover(bytes: Buffer): void {
    let at = HEAD_BYTES;
    while (at + 80 <= bytes.length && bytes.toString('latin1', at, at + 4) === 'SKB1') {
      const end = at + 80 + bytes.readUInt32LE(at + 4);
      if (end > bytes.length) return;
      const firstOffset = Number(bytes.readBigUInt64LE(at + 8));
      const count = bytes.readUInt32LE(at + 16);
      const batch = {
        firstOffset,
        count,
        telemetryBefore: firstOffset,
        telemetryCount: count,
        appendedMicros: 1,
        body: Uint8Array.from(bytes.subarray(at + 80, end)),
      };
      this.batches.push({ batch, bytes: Buffer.from(bytes.subarray(at, end)), isSynced: false });
      at = end;
    }
  }
}

function failpointOf(spec: string | undefined): FailpointHook {
  const [wanted, , nth] = String(spec).split(':');
  let passages = 0;
  return (name) => {
    if (name !== wanted) return;
    passages += 1;
    if (passages === Number(nth)) process.kill(process.pid, 'SIGKILL');
  };
}

async function serve(): Promise<void> {
  exitWhenParentEnds();
  const failpoint = failpointOf(process.env.SKERRY_FAILPOINT);
  const needs = {
    clock: nodeClock(),
    disk: nodeDisk(),
    logger: silentLogger,
    meter: createMeter(),
    breathe: turn,
    failpoint,
  };
  const store = await openSqliteStore({ folder: join(dataDir, 'series'), retentionClass: 'default' }, needs);
  const journal = new ModelJournal(new FileDisk(join(dataDir, 'journal'), failpoint));
  const pipeline = await openPipeline(
    { routes: DEFAULT_ROUTES, sealAgeMs: 300, sealPoints: 30_000, sealIdleMs: 200 },
    { ...needs, journal, store },
  );
  const sink = await openAckSink({
    keep: async (publications) => {
      failpoint('publish-read');
      const receivedMicros = needs.clock.nowMicros();
      await journal.append(publications.map((one) => ({ ...one, receivedMicros })));
      failpoint('puback-before-send');
    },
  });
  const http = createServer((request, response) => {
    response.end(request.url === '/ready' ? '{}' : JSON.stringify(pipeline.ledger()));
  });
  http.listen(0, '127.0.0.1', () => {
    const address = http.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const pid = Number(process.env.STAND_IN_PARENT);
    const run = { pid, childPid: process.pid, http: { port }, mqtt: { port: sink.port } };
    writeFileSync(join(dataDir, 'token'), `${'0'.repeat(43)}\n`);
    writeFileSync(`${runPath}.new`, `${JSON.stringify(run)}\n`);
    renameSync(`${runPath}.new`, runPath);
  });
  for (;;) {
    await needs.clock.sleep(50);
    while (await store.work());
  }
}

if (process.env.STAND_IN_PARENT === undefined) supervise();
else await serve();
