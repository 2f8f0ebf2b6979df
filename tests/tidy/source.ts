import { parseSync } from 'oxc-parser';

/** A node of the syntax tree as the parser gives it; what a kind carries beside is narrowed where it is used. */
export interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

/** A comment with its delimiters left out of `value`. */
export interface Comment {
  readonly type: 'Line' | 'Block';
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

/** One offence: a rule, where, and what to do. */
export interface Finding {
  readonly path: string;
  readonly line: number;
  readonly rule: string;
  readonly message: string;
}

/** A rule looks at one file. */
export type Rule = (source: Source) => Finding[];

/** A file of the repository, parsed once; `path` is relative to the repository, with `/`. */
export class Source {
  readonly path: string;
  readonly text: string;
  readonly comments: readonly Comment[];
  readonly #byType = new Map<string, Node[]>();
  readonly #parents = new Map<Node, Node>();
  readonly #lineStarts: number[] = [0];

  constructor(path: string, text: string) {
    this.path = path;
    this.text = text;
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.#lineStarts.push(at + 1);
    const { program, comments, errors } = parseSync(path, text);
    if (errors[0]) throw new SyntaxError(`${path}: ${errors[0].message}`);
    this.comments = comments;
    this.#visit(program as unknown as Node); // the parser's own union of kinds, read here by kind
  }

  /** Every node of the kinds, in the order of the text per kind. */
  nodes(...types: string[]): Node[] {
    return types.flatMap((type) => this.#byType.get(type) ?? []);
  }

  parent(node: Node): Node | undefined {
    return this.#parents.get(node);
  }

  /** Line of an offset, from 1. */
  line(offset: number): number {
    let low = 0;
    let high = this.#lineStarts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (Number(this.#lineStarts[middle]) <= offset) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  }

  get lineCount(): number {
    return this.text.endsWith('\n') ? this.#lineStarts.length - 1 : this.#lineStarts.length;
  }

  finding(rule: string, at: Node | number, message: string): Finding {
    const offset = typeof at === 'number' ? at : at.start;
    return { path: this.path, line: this.line(offset), rule, message };
  }

  /**
   * Whether a comment gives a reason for the node: on one of its lines, on the line after (where the formatter puts
   * what followed a long expression), or by itself above a block of lines of one indentation that the node is in.
   */
  hasReason(node: Node): boolean {
    const first = this.line(node.start);
    const last = this.line(node.end);
    return (
      this.#isCovered(first) ||
      this.comments.some((comment) => {
        return this.line(comment.start) <= last + 1 && this.line(comment.end) >= first;
      })
    );
  }

  /** The comment that ends right before the node, with nothing but white space between. */
  commentBefore(node: Node): Comment | undefined {
    return this.comments.findLast(
      (comment) => comment.end <= node.start && this.text.slice(comment.end, node.start).trim() === '',
    );
  }

  textOf(node: Node): string {
    return this.text.slice(node.start, node.end);
  }

  #isCovered(line: number): boolean {
    const indent = /^ */.exec(this.#lineText(line))?.[0] ?? '';
    for (let above = line - 1; above > 0; above -= 1) {
      const text = this.#lineText(above);
      if (text.trim() === '' || !text.startsWith(indent) || text[indent.length] === ' ') return false;
      if (text.startsWith('//', indent.length)) return true;
    }
    return false;
  }

  #lineText(line: number): string {
    return this.text.slice(this.#lineStarts[line - 1], this.#lineStarts[line]);
  }

  #visit(node: Node): void {
    const list = this.#byType.get(node.type);
    if (list) list.push(node);
    else this.#byType.set(node.type, [node]);
    for (const child of childrenOf(node)) {
      this.#parents.set(child, node);
      this.#visit(child);
    }
  }
}

/** The nodes directly below a node. */
export function childrenOf(node: Node): Node[] {
  const children: Node[] = [];
  for (const key in node) {
    const value = node[key];
    if (Array.isArray(value)) children.push(...value.filter(isNode));
    else if (isNode(value)) children.push(value);
  }
  return children;
}

/** Every node below a node, itself included. */
export function* within(node: Node): Generator<Node> {
  yield node;
  for (const child of childrenOf(node)) yield* within(child);
}

/** Whether a value found in the tree is a node. */
export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value;
}

/** `a.b.c` of an identifier or a plain member chain, else undefined. */
export function dottedName(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  if (node.type === 'Identifier') return String(node.name);
  if (node.type === 'ChainExpression') return dottedName(node.expression);
  if (node.type !== 'MemberExpression' || node.computed) return undefined;
  const object = dottedName(node.object);
  const property = dottedName(node.property);
  return object && property ? `${object}.${property}` : undefined;
}
