// What the architecture test reads from a source: its imports, and its code without comments and strings.

/** One import, re-export or dynamic import of a module. */
export interface Import {
  /** The module as written; undefined where a dynamic import computes it. */
  readonly specifier: string | undefined;
  /** Whether the compiler erases it (`import type`, `export type`). */
  readonly typeOnly: boolean;
  /** Counted from 1. */
  readonly line: number;
}

// A slash after one of these, or after one of these words, begins a regular expression and is no division.
const beforeRegExp = /(?:^|[-([{,;:=!&|?+*%<>~^}]|\b(?:return|typeof|case|of|in|yield|await|throw|else|do))\s*$/;

const statement = /\b(?:import|export)\b(\s+type\b(?!\s*(?:from|=)))?[^;'"()`=]*?\bfrom\s*(?=["'])/g;
const sideEffect = /\bimport\s*(?=["'])/g;
const dynamic = /\b(?:import|require)\s*\(\s*/g;

/** The source with the content of comments, strings and regular expressions blanked; every offset stays. */
export function blanked(source: string): string {
  const out = source.split('');
  const templates: number[] = []; // per open `${`: how many braces are open in it
  const blank = (from: number, to: number): void => {
    for (let i = from; i < to; i++) if (out[i] !== '\n') out[i] = ' ';
  };
  let i = 0;
  while (i < source.length) {
    const char = source[i]!;
    const start = i;
    if (char === '/' && source[i + 1] === '/') {
      i = endOr(source.indexOf('\n', i), source);
      blank(start, i);
    } else if (char === '/' && source[i + 1] === '*') {
      i = endOr(source.indexOf('*/', i) + 2, source, 2);
      blank(start, i);
    } else if (char === '"' || char === "'" || (char === '/' && beforeRegExp.test(tail(out, i)))) {
      i = literalEnd(source, i);
      blank(start + 1, i - 1);
    } else if (char === '`' || (char === '}' && templates.at(-1) === 0)) {
      if (char === '}') templates.pop();
      i = templateEnd(source, i + 1);
      blank(start + 1, i - 1);
      if (source[i - 1] === '{') {
        out[i - 1] = '{';
        templates.push(0);
      }
    } else {
      if (templates.length > 0 && char === '{') templates[templates.length - 1]!++;
      if (templates.length > 0 && char === '}') templates[templates.length - 1]!--;
      i++;
    }
  }
  return out.join('');
}

/** All modules a source names, in the order of the text for each form. */
export function imports(source: string): Import[] {
  const code = blanked(source);
  const found: (Import & { readonly at: number })[] = [];
  for (const pattern of [statement, sideEffect, dynamic]) {
    for (const match of code.matchAll(pattern)) {
      const end = match.index + match[0].length;
      const quoted = /^(["'])(.*?)\1/.exec(source.slice(end, end + 300));
      const line = code.slice(0, match.index).split('\n').length;
      found.push({ specifier: quoted?.[2], typeOnly: match[1] !== undefined, line, at: match.index });
    }
  }
  return found.sort((a, b) => a.at - b.at).map(({ specifier, typeOnly, line }) => ({ specifier, typeOnly, line }));
}

/** What stands before an offset, as far as it decides what a slash means. */
function tail(out: readonly string[], at: number): string {
  let from = at;
  while (from > 0 && /\s/.test(out[from - 1]!)) from--;
  return out.slice(Math.max(0, from - 10), at).join('');
}

/** Behind the closing delimiter of the string or regular expression that begins at an offset, or at the end of its line. */
function literalEnd(source: string, at: number): number {
  let inClass = false;
  for (let i = at + 1; i < source.length; i++) {
    const char = source[i];
    if (char === '\\') i++;
    else if (char === '\n') return i;
    else if (source[at] === '/' && char === '[') inClass = true;
    else if (source[at] === '/' && char === ']') inClass = false;
    else if (char === source[at] && !inClass) return i + 1;
  }
  return source.length;
}

/** Behind the next backquote or `${` of a template's text. */
function templateEnd(source: string, at: number): number {
  for (let i = at; i < source.length; i++) {
    if (source[i] === '\\') i++;
    else if (source[i] === '`') return i + 1;
    else if (source[i] === '$' && source[i + 1] === '{') return i + 2;
  }
  return source.length;
}

function endOr(found: number, source: string, none = 0): number {
  return found < none ? source.length : found;
}
