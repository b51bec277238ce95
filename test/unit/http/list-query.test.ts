// Lists as RabbitMQ pages, filters and sorts them.
import { describe, expect, it } from 'vitest';
import { answerList, answerObject } from '../../../src/http/list-query.ts';

interface Item {
  readonly name: string;
  readonly n?: number;
}

const items: Item[] = [{ name: 'b', n: 2 }, { name: 'A1' }, { name: 'a2', n: 10 }];
let viewed = 0;
const listing = {
  items,
  nameOf: (item: Item) => item.name,
  view: (item: Item) => {
    viewed++;
    return { name: item.name, stats: { n: item.n } };
  },
};

const ask = async (query: string): Promise<unknown> =>
  JSON.parse(await answerList(listing, new URLSearchParams(query)));
const names = async (query: string): Promise<string[]> => {
  const answer = (await ask(query)) as { items?: Item[] } & Item[];
  return (answer.items ?? answer).map(({ name }) => name);
};

it('without a page all come as an array, in the order that they have', async () => {
  expect(await ask('')).toEqual([
    { name: 'b', stats: { n: 2 } },
    { name: 'A1', stats: {} },
    { name: 'a2', stats: { n: 10 } },
  ]);
});

it('a page says how many there are', async () => {
  viewed = 0;
  expect(await ask('page=2&page_size=1')).toEqual({
    filtered_count: 3,
    item_count: 1,
    items: [{ name: 'A1', stats: {} }],
    page: 2,
    page_count: 3,
    page_size: 1,
    total_count: 3,
  });
  // What is not shown is not viewed.
  expect(viewed).toBe(1);
});

it('names are filtered by text, whatever the case, or by a regular expression', async () => {
  expect(await names('page=1&name=a')).toEqual(['A1', 'a2']);
  expect(await names('page=1&name=%5Ea%5Cd%24&use_regex=true')).toEqual(['A1', 'a2']);
  expect(await ask('page=1&name=a')).toMatchObject({ filtered_count: 2, total_count: 3 });
});

it('sorts by a field, numbers as numbers, what has none first', async () => {
  expect(await names('sort=stats.n')).toEqual(['A1', 'b', 'a2']);
  expect(await names('sort=stats.n&sort_reverse=true')).toEqual(['a2', 'b', 'A1']);
  expect(await names('sort=no.such.field')).toEqual(['b', 'A1', 'a2']);
});

it('shows the columns that are asked for', async () => {
  expect(await ask('columns=stats.n')).toEqual([{ stats: { n: 2 } }, {}, { stats: { n: 10 } }]);
  expect(answerObject({ a: { b: 1, c: 2 }, d: 3 }, new URLSearchParams('columns=a.b,d,e'))).toEqual({
    a: { b: 1 },
    d: 3,
  });
});

describe('refused are', () => {
  it.each([
    ['page=x', 'bad_request', 'Pagination parameters are invalid'],
    ['page=0', 'invalid_pagination_parameters', 'Invalid pagination parameters: page number 0, page size undefined'],
    [
      'page=1&page_size=501',
      'invalid_pagination_parameters',
      'Invalid pagination parameters: page number 1, page size 501',
    ],
    ['page=9', 'page_out_of_range', 'Page out of range, page: 9 page size: 100, len: 3'],
    ['page=1&use_regex=true&name=%5B', 'bad_request', 'Pagination parameters are invalid'],
  ])('%s', async (query, error, reason) => {
    await expect(ask(query)).rejects.toMatchObject({ status: 400, error, reason });
  });

  it.each(['(a+)+$', '((a+))+$', '(a|a)*b', '.*.*.*x', '(a)\\1', 'a'.repeat(257), '(x+x+)+y'])(
    'the pattern %s',
    async name => {
      const query = new URLSearchParams({ page: '1', use_regex: 'true', name });
      await expect(answerList(listing, query)).rejects.toMatchObject({
        reason: expect.stringContaining('may take too long'),
      });
    },
  );
});
