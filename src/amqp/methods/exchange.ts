// The methods of class exchange and their arguments, in the order of the wire.

export const exchange = {
  id: 40,
  methods: {
    declare: {
      id: 10,
      fields: {
        ticket: 'short',
        exchange: 'shortstr',
        type: 'shortstr',
        passive: 'bit',
        durable: 'bit',
        autoDelete: 'bit',
        internal: 'bit',
        noWait: 'bit',
        arguments: 'table',
      },
    },
    'declare-ok': { id: 11, fields: {} },
    delete: { id: 20, fields: { ticket: 'short', exchange: 'shortstr', ifUnused: 'bit', noWait: 'bit' } },
    'delete-ok': { id: 21, fields: {} },
    bind: {
      id: 30,
      fields: {
        ticket: 'short',
        destination: 'shortstr',
        source: 'shortstr',
        routingKey: 'shortstr',
        noWait: 'bit',
        arguments: 'table',
      },
    },
    'bind-ok': { id: 31, fields: {} },
    unbind: {
      id: 40,
      fields: {
        ticket: 'short',
        destination: 'shortstr',
        source: 'shortstr',
        routingKey: 'shortstr',
        noWait: 'bit',
        arguments: 'table',
      },
    },
    'unbind-ok': { id: 51, fields: {} },
  },
} as const;
