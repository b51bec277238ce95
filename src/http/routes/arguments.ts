// What declarations and policies may say: the argument table, for forms and whoever writes policies.
import { argumentTable } from '../../broker/argument-table.ts';
import { plainList, type Route, route } from '../route.ts';

export const argumentRoutes: readonly Route[] = [
  route('GET', '/arguments', {
    answer: 'list',
    summary: 'Every argument and policy key that means something: what it takes, who may say it and what it does',
    run: () =>
      plainList(
        argumentTable.map(({ argument, key, on, types, kind, operator, meaning }) => ({
          argument: argument ?? null,
          key: key ?? null,
          on,
          queue_types: types ?? null,
          takes: kind.shown.replaceAll('`', ''),
          type: kind.type ?? null,
          values: kind.values ?? null,
          operator_policies: operator !== undefined,
          meaning,
        })),
        ({ argument, key }) => argument ?? key ?? '',
      ),
  }),
];
