import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseSync } from 'oxc-parser';
import { LIMITS_ZH } from '../rooms/about/limits-zh.ts';
import { faultsEn } from './faults-en.ts';
import { faultsZh } from './faults-zh.ts';
import { lengthened, longer } from './pseudo.ts';

const SOURCES = join(import.meta.dirname, '..');
const ROOT = join(SOURCES, '..', '..', '..');
const HAN = /\p{Script=Han}/u;
const LETTERS = /\p{L}{2,}/u;

/** Texts that are the same in both languages, or need no Chinese character: names, signs and units. */
const ALIKE: ReadonlySet<string> = new Set([
  'words product',
  'words none',
  'words rows',
  'words frame.otherLanguage',
  'rooms/overview used',
  'rooms/simulation/chaos ofLevel',
  'rooms/simulation/chaos joined',
]);

/** What a package's table of limits says of one. */
interface MeasuredLimit {
  readonly unit: string;
  readonly metric?: string;
}

type Table = Readonly<Record<string, unknown>>;

const folders = globSync('**/en.ts', { cwd: SOURCES }).map((path) => path.replace(/\/en\.ts$/, ''));

async function tablesOf(folder: string): Promise<readonly [en: Table, zh: Table]> {
  const [{ en }, { zh }] = await Promise.all([
    import(join(SOURCES, folder, 'en.ts')),
    import(join(SOURCES, folder, 'zh.ts')),
  ]);
  return [en, zh];
}

/** Every text of a table by its path; one that is made of facts is made of sample facts. */
function textsOf(table: Table, path = ''): Map<string, string> {
  const texts = new Map<string, string>();
  for (const [name, word] of Object.entries(table)) {
    const place = path === '' ? name : `${path}.${name}`;
    if (typeof word === 'string') texts.set(place, word);
    else if (typeof word === 'function') texts.set(place, String(word(...sampleFacts(word))));
    else for (const [inner, text] of textsOf(Object(word), place)) texts.set(inner, text);
  }
  return texts;
}

function sampleFacts(word: { readonly length: number }): unknown[] {
  return Array.from({ length: word.length }, (_, index) => index + 2);
}

test('every room has the same texts in both languages', async () => {
  assert.ok(folders.length >= 7, `${folders.length} tables were found`);
  for (const folder of folders) {
    const [en, zh] = await tablesOf(folder);
    assert.deepEqual([...textsOf(zh).keys()].sort(), [...textsOf(en).keys()].sort(), folder);
  }
});

test('no Chinese text is left in English', async () => {
  const left: string[] = [];
  for (const folder of folders) {
    const [en, zh] = await tablesOf(folder);
    const english = textsOf(en);
    for (const [place, text] of textsOf(zh)) {
      const name = `${folder} ${place}`;
      if (!ALIKE.has(name) && (text === english.get(place) || !HAN.test(text))) left.push(`${name}: ${text}`);
    }
    for (const [place, text] of english) {
      if (HAN.test(text) && !ALIKE.has(`${folder} ${place}`)) left.push(`${folder} ${place} (en): ${text}`);
    }
  }
  assert.deepEqual(left, []);
});

test('every room has a title in both languages', () => {
  for (const path of globSync('rooms/*/room.ts', { cwd: SOURCES })) {
    const title = /title: \{ en: '([^']+)', zh: '([^']+)' \}/.exec(readFileSync(join(SOURCES, path), 'utf8'));
    assert.ok(title?.[1] && HAN.test(title[2] ?? ''), path);
  }
});

test('every fault code has a page and a sentence in both languages', () => {
  const codes = globSync('*.md', { cwd: join(ROOT, 'docs', 'errors') })
    .map((name) => name.replace(/\.md$/, ''))
    .filter((code) => code !== 'README');
  assert.ok(codes.length > 90, `${codes.length} codes were found`);
  assert.deepEqual(
    codes.filter((code) => !faultsEn[code] || !HAN.test(faultsZh[code] ?? '')),
    [],
  );
  assert.deepEqual(Object.keys(faultsZh).sort(), Object.keys(faultsEn).sort());
});

test('every limit whose use is measured is told in Chinese, and no other thing is', async () => {
  const measured: string[] = [];
  for (const path of globSync('packages/*/src/limits.ts', { cwd: ROOT })) {
    const { LIMITS } = (await import(join(ROOT, path))) as {
      readonly LIMITS: Readonly<Record<string, MeasuredLimit>>;
    };
    const room = path.split('/')[1];
    for (const [name, { unit, metric = '_total' }] of Object.entries(LIMITS)) {
      const isMeasured =
        name.endsWith('Max') && ['count', 'bytes'].includes(unit) && !metric.endsWith('_total');
      if (isMeasured) measured.push(`${room}.${name}`);
    }
  }
  assert.ok(measured.length > 20, `${measured.length} limits were found`);
  assert.deepEqual(Object.keys(LIMITS_ZH).sort(), measured.sort());
  for (const { what, whenFull } of Object.values(LIMITS_ZH))
    assert.ok(HAN.test(what) && HAN.test(whenFull), what);
});

test('no text of the page stands outside of the tables', () => {
  const paths = globSync('**/*.tsx', { cwd: SOURCES });
  assert.ok(paths.length > 20, `${paths.length} files were found`);
  assert.deepEqual(paths.flatMap(looseTexts), []);
});

test('looseTexts finds a text in JSX, in an attribute and in an expression', () => {
  const inner = 'Hi there {`and ${' + 'x} more`}<img alt="" /><code>npx</code>';
  const source = `const a = <p title="Hello">${inner}</p>;`;
  const found = looseTextsIn('a.tsx', source);
  assert.deepEqual(found, ['a.tsx: Hello', 'a.tsx: Hi there', 'a.tsx: and more']);
});

test('longer makes a text 40 % longer and marks its vowels; lengthened keeps the shape of a table', () => {
  assert.equal(longer('Devices').length, Math.ceil(7 * 1.4));
  assert.match(longer('Devices'), /^Dévïcés/);
  const table = lengthened({ plain: 'abc', made: (n: number) => `${n} things`, inner: { deep: 'x' } });
  assert.match(table.made(3), /^3 thïngs/);
  assert.ok(table.inner.deep.length > 1);
});

function looseTexts(path: string): string[] {
  return looseTextsIn(path, readFileSync(join(SOURCES, path), 'utf8'));
}

interface Node {
  readonly type: string;
  readonly [member: string]: unknown;
}

/** Letters in JSX that a reader would see or hear, and that come from no table; in `code` and `kbd` they are no language. */
function looseTextsIn(path: string, source: string): string[] {
  const { program } = parseSync(path, source);
  const found: string[] = [];
  const note = (text: string) => {
    if (LETTERS.test(text)) found.push(`${path}: ${text.replaceAll(/\s+/g, ' ').trim()}`);
  };
  const visit = (node: Node, isCode: boolean): void => {
    const isInCode = isCode || isCodeElement(node);
    if (!isInCode && node.type === 'JSXText') note(String(node.value));
    if (!isInCode && node.type === 'JSXExpressionContainer') note(writtenText(node.expression as Node));
    if (node.type === 'JSXAttribute' && isHeard(node)) note(attributeText(node.value as Node | null));
    if (node.type === 'JSXAttribute') {
      const value = node.value as Node | null;
      if (value?.type === 'JSXExpressionContainer') visit(value.expression as Node, true);
      return;
    }
    for (const child of childrenOf(node)) visit(child, isInCode && node.type !== 'JSXExpressionContainer');
  };
  visit(program as unknown as Node, false);
  return found;
}

function isCodeElement(node: Node): boolean {
  if (node.type !== 'JSXElement') return false;
  const opening = node.openingElement as { readonly name: { readonly name?: string } };
  return opening.name.name === 'code' || opening.name.name === 'kbd';
}

function isHeard(attribute: Node): boolean {
  const { name } = attribute.name as { readonly name?: unknown };
  return typeof name === 'string' && ['aria-label', 'title', 'placeholder', 'alt', 'label'].includes(name);
}

function attributeText(value: Node | null): string {
  if (value?.type === 'Literal') return String(value.value);
  return value?.type === 'JSXExpressionContainer' ? writtenText(value.expression as Node) : '';
}

/** What an expression writes by itself. */
function writtenText(expression: Node): string {
  if (expression.type === 'Literal') return typeof expression.value === 'string' ? expression.value : '';
  if (expression.type !== 'TemplateLiteral') return '';
  const quasis = expression.quasis as readonly { readonly value: { readonly raw: string } }[];
  return quasis.map(({ value }) => value.raw).join('');
}

function childrenOf(node: Node): Node[] {
  return Object.values(node)
    .flat()
    .filter((child): child is Node => typeof child === 'object' && child !== null && 'type' in child);
}
