import type { Limit, LimitTable } from '@skerry/kernel';

const HEAD = `# Limits

Generated from the tables in \`packages/*/src/limits.ts\`; \`npm run generate\` writes it again. Every queue, size and
count has a limit from the first day, and each says what happens when it is reached. A limit with a key is set in the
configuration file, the others are fixed.
`;

/** The text of \`docs/LIMITS.md\` from the packages' tables, in the order given. */
export function limitsPage(tables: readonly (readonly [packageName: string, LimitTable])[]): string {
  return [HEAD, ...tables.map(([name, table]) => section(name, table))].join('\n');
}

function section(name: string, table: LimitTable): string {
  const rows = Object.entries(table).map(([limit, entry]) => row(limit, entry));
  return [
    `## ${name}`,
    '',
    '| limit | value | what | when reached | metric | key |',
    '|---|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

function row(name: string, limit: Limit): string {
  const cells = [
    `\`${name}\``,
    quantity(limit),
    limit.what,
    limit.whenFull,
    limit.metric ? `\`${limit.metric}\`` : '',
    limit.key ? `\`${limit.key}\`` : '',
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
}

function quantity({ value, unit }: Limit): string {
  if (unit === 'bytes') return bytesQuantity(value);
  if (unit === 'count') return grouped(value);
  if (unit === 'percent') return `${value} %`;
  if (unit === 'micros') return `${grouped(value)} µs`;
  if (unit === 'secs') return `${grouped(value)} s`;
  return `${grouped(value)} ${unit}`;
}

function bytesQuantity(value: number): string {
  const units = [
    ['GiB', 2 ** 30],
    ['MiB', 2 ** 20],
    ['KiB', 2 ** 10],
  ] as const;
  const unit = units.find(([, size]) => value >= size && value % size === 0);
  return unit ? `${grouped(value / unit[1])} ${unit[0]}` : `${grouped(value)} bytes`;
}

function grouped(value: number): string {
  return value.toLocaleString('en-US');
}
