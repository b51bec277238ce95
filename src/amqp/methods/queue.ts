// The methods of class queue and their arguments, in the order of the wire.

export const queue = {
  id: 50,
  methods: {
    declare: {
      id: 10,
      fields: {
        ticket: 'short',
        queue: 'shortstr',
        passive: 'bit',
        durable: 'bit',
        exclusive: 'bit',
        autoDelete: 'bit',
        noWait: 'bit',
        arguments: 'table',
      },
    },
    'declare-ok': { id: 11, fields: { queue: 'shortstr', messageCount: 'long', consumerCount: 'long' } },
    bind: {
      id: 20,
      fields: {
        ticket: 'short',
        queue: 'shortstr',
        exchange: 'shortstr',
        routingKey: 'shortstr',
        noWait: 'bit',
        arguments: 'table',
      },
    },
    'bind-ok': { id: 21, fields: {} },
    purge: { id: 30, fields: { ticket: 'short', queue: 'shortstr', noWait: 'bit' } },
    'purge-ok': { id: 31, fields: { messageCount: 'long' } },
    delete: { id: 40, fields: { ticket: 'short', queue: 'shortstr', ifUnused: 'bit', ifEmpty: 'bit', noWait: 'bit' } },
    'delete-ok': { id: 41, fields: { messageCount: 'long' } },
    unbind: {
      id: 50,
      fields: {
        ticket: 'short',
        queue: 'shortstr',
        exchange: 'shortstr',
        routingKey: 'shortstr',
        arguments: 'table',
      },
    },
    'unbind-ok': { id: 51, fields: {} },
  },
} as const;
