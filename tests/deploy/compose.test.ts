// deploy/compose/compose.yaml against the schema of the Compose Specification (compose-spec.json of compose-go 2.9.0,
// Apache-2.0), against good practice (a linter's and ours), and against the product: no Docker runs where these tests do.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempDisposableSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { DCLinter } from 'dclint';
import { parse } from 'yaml';
import { loadFrom, ROOT } from '../../tools/packages.ts';
import { readImageRecipe } from './image-recipe.ts';

const FILE = join(ROOT, 'deploy/compose/compose.yaml');

interface Mount {
  readonly source: string;
  readonly target: string;
}

interface Container {
  readonly image: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly command?: readonly string[];
  readonly read_only?: boolean;
  readonly user?: string;
  readonly group_add?: readonly string[];
  readonly privileged?: boolean;
  readonly security_opt?: readonly string[];
  readonly cap_drop?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly configs?: readonly Mount[];
  readonly secrets?: readonly (string | Mount)[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly depends_on?: readonly string[] | Readonly<Record<string, unknown>>;
  readonly deploy?: {
    readonly resources: { readonly limits: { readonly cpus: string; readonly memory: string } };
  };
}

interface Site {
  readonly services: Readonly<Record<string, Container>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly configs: Readonly<Record<string, { readonly file: string }>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}

interface Product {
  loadConfig(sources: {
    readonly file: string;
    readonly environment: Readonly<Record<string, string>>;
    readonly flags: object;
  }): { readonly config: Config };
  roleFaults(role: string, config: Config): string[];
}

interface Config {
  readonly dataDir: string;
  readonly http: { readonly host: string; readonly port: number; readonly hostNames: readonly string[] };
  readonly sources: readonly { readonly url: string }[];
  readonly kafka: { readonly brokers: readonly string[] };
  readonly postgres: { readonly url: string; readonly passwordFile: string };
}

const ROLES = ['gateway', 'writer', 'cloud'];
/** Users of PostgreSQL: writers own the schema, the others have a role with what they need. */
const USERS: Readonly<Record<string, string>> = { gateway: 'gateway', writer: 'store', cloud: 'cloud' };
const site = parse(readFileSync(FILE, 'utf8'), { merge: true }) as Site; // the schema below judges it
const services = Object.entries(site.services);
const roles = services.filter(([, { build }]) => build !== undefined);

function tutorial(): string {
  return readFileSync(join(ROOT, 'docs/tutorials/larger-site.md'), 'utf8');
}

/** A path of the compose file, from its folder. */
function pathOf(path: string): string {
  return resolve(dirname(FILE), path);
}

/** What stands between `${NAME:-` and `}`, or the text itself. */
function usual(text: string): string {
  return text.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1');
}

test('compose.yaml is a Compose file', () => {
  const schema = JSON.parse(readFileSync(new URL('./compose-spec.json', import.meta.url), 'utf8')) as object;
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
  const validate = ajv.compile({ ...schema, $schema: 'http://json-schema.org/draft-07/schema#' });
  validate(site);
  assert.deepEqual(validate.errors ?? [], []);
  assert.equal(
    validate({ ...site, services: { x: { imago: 'y' } } }),
    false,
    'the schema refuses what it does not know',
  );
});

/** Rules of the linter that are turned off. All are about the order in which people find what they read. */
const NOT_OURS = {
  // a service begins with what it is and what it does
  'service-keys-order': 0,
  // services stand in the order in which data goes through them, those that watch it last
  'services-alphabetical-order': 0,
  // what an alias names has to stand above it
  'top-level-properties-order': 0,
} as const;

/** What the linter says of one file. */
interface LintedFile {
  readonly messages: readonly { readonly rule: string; readonly line: number; readonly message: string }[];
}

/** What the linter says of a Compose file, a line for each finding. */
function lint(text: string): string[] {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-compose-'));
  const file = join(folder.path, 'compose.yaml');
  writeFileSync(file, text);
  const linter = new DCLinter({ rules: NOT_OURS, quiet: false, debug: false, exclude: [] });
  const results: readonly LintedFile[] = linter.lintFiles([file], false);
  assert.equal(results.length, 1, 'it has read the file');
  return results.flatMap(({ messages }) =>
    messages.map(({ rule, line, message }) => `${line}: ${message} (${rule})`),
  );
}

test('a linter of Compose files finds nothing in compose.yaml as it is where no variable is set', () => {
  const text = usual(readFileSync(FILE, 'utf8'));
  assert.deepEqual(lint(text), []);
  const open = text.replace('127.0.0.1:8080:8080', '8080:8080');
  assert.match(lint(open).join(), /^\d+: .*"8080:8080".*\(no-unbound-port-interfaces\)$/);
});

test('images have a version, and every service a check of its health, limits, and no right that it does not need', () => {
  for (const [name, service] of services) {
    const image = usual(service.image);
    assert.match(image, /^[a-z0-9./-]+:v?\d+\.\d+(\.\d+)?(-[a-z0-9]+)?$/, `${name}: ${image}`);
    assert.ok((service.healthcheck?.test.length ?? 0) > 1, `${name} has a check of its health`);
    const { cpus, memory } = service.deploy?.resources.limits ?? {};
    assert.match(`${cpus} ${memory}`, /^[\d.]+ \d+[mg]$/, `${name} has limits`);
    assert.deepEqual(service.security_opt, ['no-new-privileges:true'], name);
    assert.equal(service.privileged, undefined, name);
    for (const port of service.ports ?? [])
      assert.match(
        usual(port),
        /^127\.0\.0\.1:\d+:\d+$/,
        `${name} is published on loopback unless somebody says otherwise`,
      );
  }
});

test('volumes, configs and secrets are declared, used, and where they say', () => {
  const used = new Set<string>();
  for (const [name, { volumes = [], configs = [], secrets = [] }] of services) {
    for (const volume of volumes) {
      const [from = ''] = volume.split(':');
      if (from.startsWith('/')) assert.equal(from, '/var/run/docker.sock', name);
      else if (from.startsWith('.')) assert.ok(existsSync(pathOf(from)), `${name}: ${from} is there`);
      else assert.ok(from in site.volumes, `${name}: ${from} is declared`);
      used.add(from);
    }
    for (const { source } of configs) used.add(`config ${source}`);
    for (const secret of secrets) used.add(`secret ${typeof secret === 'string' ? secret : secret.source}`);
  }
  for (const name of Object.keys(site.volumes)) assert.ok(used.has(name), `the volume ${name} is used`);
  for (const [name, { file }] of Object.entries(site.configs)) {
    assert.ok(used.has(`config ${name}`), name);
    assert.ok(existsSync(pathOf(file)), `${file} is there`);
  }
  for (const [name, { file }] of Object.entries(site.secrets)) {
    assert.ok(used.has(`secret ${name}`), name);
    assert.equal(readFileSync(join(dirname(pathOf(file)), '.gitignore'), 'utf8'), '*\n!.gitignore\n', file);
  }
});

test('every role is there, contained, with a folder of its own', () => {
  const commands = roles.map(([, { command }]) => command?.[0]);
  assert.deepEqual([...new Set(commands)].sort(), [...ROLES].sort());
  assert.deepEqual(commands.filter((one) => one === 'gateway').length, 2);
  const folders = new Set<string>();
  for (const [name, { read_only, cap_drop, build, volumes = [] }] of roles) {
    assert.equal(read_only, true, name);
    assert.deepEqual(cap_drop, ['ALL'], name);
    assert.equal(resolve(pathOf(String(build?.context))), resolve(ROOT), name);
    assert.ok(existsSync(join(ROOT, String(build?.dockerfile))), name);
    const [volume = ''] = volumes;
    assert.match(volume, /^[a-z0-9-]+:\/var\/lib\/skerry$/, name);
    folders.add(volume);
  }
  assert.equal(folders.size, roles.length, 'no two share a folder');
});

test('the configuration of each role is one that the product takes, and names what the site has', async () => {
  const product = {
    ...(await loadFrom('cli', 'config/load.ts')),
    ...(await loadFrom('cli', 'config/role-rules.ts')),
  } as unknown as Product; // both are called as their own tests do
  const image = readImageRecipe();
  for (const [name, service] of roles) {
    const own = Object.entries(service.environment ?? {}).map(([key, value]) => [key, usual(value)]);
    const environment = { ...image.environment, ...(Object.fromEntries(own) as Record<string, string>) };
    const mounted = service.configs?.find(({ target }) => target === environment.SKERRY_CONFIG);
    const file = pathOf(String(mounted && site.configs[mounted.source]?.file));
    const { config } = product.loadConfig({ file, environment, flags: {} });
    assert.deepEqual(product.roleFaults(String(service.command?.[0]), config), [], name);
    assert.equal(config.dataDir, service.volumes?.[0]?.split(':')[1], name);
    assert.equal(config.http.host, '0.0.0.0', 'other containers reach it');
    assert.ok(image.ports.includes(config.http.port), name);
    const target = service.ports?.map((port) => Number(port.split(':').at(-1)));
    assert.deepEqual(target ?? [config.http.port], [config.http.port], name);
    const hosts = [
      ...config.kafka.brokers.map((broker) => broker.split(':')[0]),
      ...config.sources.map(({ url }) => new URL(url).hostname),
      new URL(config.postgres.url).hostname,
      ...config.http.hostNames.filter((host) => host !== 'localhost'),
    ];
    for (const host of hosts) assert.ok(String(host) in site.services, `${name}: ${host} is a service`);
    assert.deepEqual(config.http.hostNames, ['localhost', 'cloud'], 'people first, then Prometheus');
    const user = USERS[String(service.command?.[0])];
    assert.deepEqual(service.secrets, [`${user}-password`], name);
    assert.equal(config.postgres.passwordFile, `/run/secrets/${user}-password`, name);
    assert.equal(new URL(config.postgres.url).username, user, name);
  }
});

test('the files of Prometheus and Grafana name services and ports of the site', () => {
  const prometheus = readFileSync(join(ROOT, 'deploy/prometheus/prometheus.yml'), 'utf8');
  const targets = [...prometheus.matchAll(/^[^#\n]*targets: \[([^\]]+)\]/gm)].flatMap(([, list = '']) =>
    list.split(',').map((one) => one.trim()),
  );
  assert.ok(targets.length > 4, String(targets));
  for (const target of targets) assert.ok(String(target.split(':')[0]) in site.services, target);
  for (const [name] of roles) assert.ok(targets.includes(`${name}:8080`), `${name} is scraped`);
  const token = /credentials_file: (\S+)/.exec(prometheus)?.[1];
  const secrets = (site.services.prometheus?.secrets ?? []).flatMap((one) =>
    typeof one === 'string' ? [] : [one.target],
  );
  assert.deepEqual(secrets, [token]);
  const source = readFileSync(join(ROOT, 'deploy/grafana/provisioning/datasources/skerry.yml'), 'utf8');
  const wanted = [...source.matchAll(/\$(GRAFANA_\w+)/g)].map(([, name]) => String(name));
  const grafana = JSON.stringify(site.services.grafana);
  assert.ok(wanted.length > 3);
  for (const name of wanted) assert.ok(grafana.includes(name), `Grafana is given ${name}`);
  const provider = readFileSync(join(ROOT, 'deploy/grafana/provisioning/dashboards/skerry.yml'), 'utf8');
  const folder = /path: (\S+)/.exec(provider)?.[1];
  assert.ok(site.services.grafana?.volumes?.includes(`../grafana/dashboards:${folder}:ro`), String(folder));
});

test('only the database knows its superuser, and Grafana connects as a user of its own who owns nothing', () => {
  const knowing = services.filter(([, { secrets = [] }]) => secrets.includes('postgres-password'));
  assert.deepEqual(
    knowing.map(([name]) => name),
    ['timescaledb'],
  );
  const sql = readFileSync(join(dirname(FILE), 'database.sql'), 'utf8');
  const superuser = site.services.timescaledb?.environment?.POSTGRES_USER;
  const made = [...sql.matchAll(/^CREATE ROLE (\w+) LOGIN(.*)$/gm)].map(([, name = '', rights = '']) => ({
    name,
    rights,
  }));
  assert.deepEqual(
    made.map(({ name }) => name),
    ['store', 'gateway', 'cloud', 'dashboards'],
  );
  const roleOf = (user: string) => made.find(({ name }) => name === user)?.rights.replace(/.*IN ROLE /, '');
  assert.deepEqual(['gateway', 'cloud'].map(roleOf), ['skerry_gateway;', 'skerry_cloud;']);
  for (const { name, rights } of made) {
    assert.notEqual(name, superuser);
    assert.doesNotMatch(rights, /SUPERUSER|CREATEROLE|CREATEDB|skerry_writer/, name);
  }
  const { environment = {}, secrets } = site.services.grafana ?? {};
  assert.equal(environment.GRAFANA_POSTGRES_USER, 'dashboards');
  assert.deepEqual(secrets, ['dashboards-password', 'grafana-password']);
  for (const [, name = ''] of sql.matchAll(/\/run\/secrets\/([\w-]+)/g))
    assert.ok(site.services.timescaledb?.secrets?.includes(name), name);
});

test("whoever has the socket of Docker is the image's own user in its group, since root without capabilities may not enter its folder", () => {
  const having = services.filter(([, { volumes = [] }]) =>
    volumes.some((one) => one.includes('docker.sock')),
  );
  assert.deepEqual(
    having.map(([name, { cap_drop, user }]) => [name, cap_drop, user]),
    [['alloy', ['ALL'], '473:473']],
  );
  const group = String(site.services.alloy?.group_add?.[0]);
  assert.match(group, /^\$\{SITE_DOCKER_GROUP:-\d+\}$/);
  assert.match(tutorial(), /SITE_DOCKER_GROUP=\$\(stat --format %g \/var\/run\/docker\.sock\)/);
});

test('the first step of the tutorial makes every secret, in a folder that nobody else may enter', () => {
  const step = /## 1\. Passwords[\s\S]+?```\n([\s\S]+?)```/.exec(tutorial())?.[1] ?? '';
  using folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-secrets-'));
  const secrets = join(folder.path, 'deploy/compose/secrets');
  mkdirSync(secrets, { recursive: true, mode: 0o755 });
  const script = `set -eu; umask 022; openssl() { [ "$*" = 'rand -hex 24' ]; echo "$$ $name"; }\n${step}`;
  const { status, stderr } = spawnSync('sh', ['-c', script], { cwd: folder.path, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  assert.equal(statSync(secrets).mode & 0o777, 0o700);
  const wanted = Object.values(site.secrets).map(({ file }) => file.replace('./secrets/', ''));
  assert.deepEqual(readdirSync(secrets).sort(), wanted.sort());
  for (const name of wanted) {
    assert.equal(statSync(join(secrets, name)).mode & 0o777, 0o644, `containers of other users read ${name}`);
    assert.equal(statSync(join(secrets, name)).size > 0, name.endsWith('-password'), name);
  }
});

test('the tutorial says of every address that nobody has where it stands and that it is to be changed', () => {
  const step = /## 5\. Let alerts reach somebody[\s\S]+?\n## 6/.exec(tutorial())?.[0] ?? '';
  const found: string[] = [];
  for (const file of ['deploy/alertmanager/alertmanager.yml', 'deploy/prometheus/prometheus.yml']) {
    const text = readFileSync(join(ROOT, file), 'utf8');
    for (const [address] of text.matchAll(/https?:\/\/\w+\.example[\w/]*/g)) {
      found.push(address);
      assert.ok(step.includes(file) && step.includes(address), `${file}: ${address}`);
    }
  }
  assert.equal(found.length, 3);
});
