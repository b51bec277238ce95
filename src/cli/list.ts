// `leveret list ...`: what there is, as a table or as the API's JSON.
import type { Command } from 'commander';
import { Api, type BrokerOptions } from './api.ts';
import { brokerCommand, groupCommand, whole } from './broker-command.ts';
import { Failure } from './failure.ts';
import { fieldOf, LIST_KINDS, type ListColumn, type ListKind, shown } from './list-columns.ts';
import { printTable, type TableColumn } from './table.ts';
import { say } from './terminal.ts';
import { json } from './text.ts';
import { workersCommand } from './workers.ts';

interface ListOptions extends BrokerOptions {
  readonly vhost?: string;
  readonly columns?: string;
  readonly sort?: string;
  readonly reverse?: true;
  readonly filter?: string;
  readonly limit?: number;
}

const NOTES = `
A column is named by its title in the table, or by a field of the API's JSON with dots for what is inside:
  leveret list queues --columns name,ready,arguments.x-queue-type --sort ready --reverse
`;

/** The command with one command below it for each kind of thing. */
export function listCommand(): Command {
  const kinds = Object.keys(LIST_KINDS).map(kind => listKindCommand(kind));
  return groupCommand('list', 'Lists what there is.', [...kinds, workersCommand()]);
}

/** The command that lists one kind of thing, under its own name or another. */
export function listKindCommand(kind: string, name: string = kind): Command {
  const { summary, ofVhost } = LIST_KINDS[kind] as ListKind;
  const command = brokerCommand(name, `Lists ${summary}.`)
    .option('--columns <names>', 'columns to show, with commas between')
    .option('--sort <column>', 'order by this column')
    .option('--reverse', 'the other way round')
    .option('--filter <text>', 'only those with this text in the first column')
    .option('--limit <n>', 'at most so many', whole(1, 1_000_000))
    .addHelpText('after', NOTES);
  if (ofVhost) command.option('--vhost <name>', 'of this virtual host; without it of all');
  return command.action((options: ListOptions) => list(LIST_KINDS[kind] as ListKind, options));
}

async function list(kind: ListKind, options: ListOptions): Promise<void> {
  const columns = chosen(kind, options);
  const sort = options.sort === undefined ? undefined : fieldNamed(kind, options.sort);
  const [first] = kind.columns as [ListColumn];
  // With --json and no --columns all that the API says is wanted; otherwise the broker need not make more than is shown.
  const whole = options.json && options.columns === undefined;
  const fields = [...columns.map(({ field }) => field), first.field, ...(sort === undefined ? [] : [sort])];
  const query = { columns: whole ? undefined : [...new Set(fields)].join(',') };
  const items = (await ask(kind, new Api(options.url), options.vhost, query)) as object[];
  const found = pick(items, first.field, sort, options);
  if (options.json) say(json(whole ? found : found.map(item => only(item, columns))));
  else printTable(columns.map(column => tableColumn(column, found)));
}

function ask(
  kind: ListKind,
  api: Api,
  vhost: string | undefined,
  query: { columns: string | undefined },
): Promise<unknown> {
  if (vhost === undefined || kind.ofVhost === undefined) return api.call(kind.all, { query });
  return api.call(kind.ofVhost, { names: { vhost, name: vhost }, query, about: `virtual host '${vhost}'` });
}

function pick(items: readonly object[], name: string, sort: string | undefined, options: ListOptions): object[] {
  const wanted = options.filter?.toLowerCase();
  const found =
    wanted === undefined ? [...items] : items.filter(item => shown(fieldOf(item, name)).toLowerCase().includes(wanted));
  if (sort !== undefined) found.sort((a, b) => compare(fieldOf(a, sort), fieldOf(b, sort)));
  if (options.reverse) found.reverse();
  return found.slice(0, options.limit);
}

function chosen(kind: ListKind, options: ListOptions): ListColumn[] {
  if (options.columns === undefined) return kind.columns.filter(({ vhost }) => !vhost || options.vhost === undefined);
  return options.columns.split(',').map(name => {
    const known = kind.columns.find(({ title }) => title === name.trim());
    return known ?? { title: name.trim(), field: fieldNamed(kind, name.trim()) };
  });
}

function fieldNamed(kind: ListKind, name: string): string {
  const known = kind.columns.find(({ title }) => title === name);
  if (known) return known.field;
  if (/^[\w-]+(\.[\w-]+)*$/.test(name)) return name;
  const titles = kind.columns.map(({ title }) => title).join(', ');
  throw new Failure(`'${name}' is no column: it is one of ${titles}, or a field of the API such as arguments.x-max`, 2);
}

function tableColumn({ title, field, show = shown }: ListColumn, items: readonly object[]): TableColumn {
  const values = items.map(item => fieldOf(item, field));
  const numbers = values.some(value => typeof value === 'number');
  return { title, cells: values.map(value => show(value)), right: numbers };
}

function only(item: object, columns: readonly ListColumn[]): object {
  return Object.fromEntries(columns.map(({ title, field }) => [title, fieldOf(item, field) ?? null]));
}

/** Numbers before text, and what is missing first. */
function compare(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const rank = (value: unknown): number =>
    value === undefined || value === null ? 0 : typeof value === 'number' ? 1 : 2;
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  const [left, right] = [shown(a), shown(b)];
  return left < right ? -1 : Number(left > right);
}
