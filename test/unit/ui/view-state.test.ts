// The address of the web page says all that is shown: what was written is read back, and nonsense does no harm.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatHash, listQuery, parseHash, readListState, writeListState } from '../../../ui/view-state.ts';

test('a place and its parameters', () => {
  expect(parseHash('#/queues/%2F/task%20queue?tab=messages&key=a%26b')).toEqual({
    path: ['queues', '/', 'task queue'],
    params: { tab: 'messages', key: 'a&b' },
  });
  expect(formatHash(['queues', '/', 'task queue'], { tab: 'messages', key: 'a&b', gone: undefined, empty: '' })).toBe(
    '#/queues/%2F/task%20queue?tab=messages&key=a%26b',
  );
});

test('nothing, and what cannot be decoded', () => {
  expect(parseHash('')).toEqual({ path: [], params: {} });
  expect(parseHash('#/queues/%E0%A4%A')).toEqual({ path: ['queues', '%E0%A4%A'], params: {} });
});

test('every place is read back as it was written, the default exchange too', () => {
  const name = fc.string({ unit: 'grapheme' });
  fc.assert(
    fc.property(
      fc.array(name),
      fc.dictionary(fc.string({ minLength: 1 }), fc.string({ minLength: 1 })),
      (path, params) => {
        const view = parseHash(formatHash(path, params));
        expect(view.path).toEqual(path);
        expect({ ...view.params }).toEqual({ ...params });
      },
    ),
  );
});

test('a queue whose name is a percent sign is not the default exchange', () => {
  expect(formatHash(['queues', '/', '%'])).toBe('#/queues/%2F/%25');
  expect(parseHash('#/queues/%2F/%25').path).toEqual(['queues', '/', '%']);
  expect(parseHash('#/exchanges/%2F/%').path).toEqual(['exchanges', '/', '']);
});

test('the state of a list', () => {
  const params = { name: 'task', regex: '1', sort: '-ready', page: '3', size: '25', columns: 'name,ready' };
  const state = readListState(params);
  expect(state).toEqual({
    filter: 'task',
    regex: true,
    sort: 'ready',
    reverse: true,
    page: 3,
    size: 25,
    columns: ['name', 'ready'],
  });
  expect(writeListState(state)).toEqual(params);
  expect(listQuery(state, 'messages_ready')).toEqual({
    page: '3',
    page_size: '25',
    pagination: 'true',
    name: 'task',
    use_regex: 'true',
    sort: 'messages_ready',
    sort_reverse: 'true',
  });
});

test('what is not valid in it counts as not given', () => {
  const state = readListState({ page: '-1', size: '9999', sort: '' });
  expect(state).toMatchObject({ page: 1, size: 100, sort: '', reverse: false, columns: undefined });
  expect(Object.values(writeListState(state)).filter(value => value !== undefined)).toEqual([]);
});
