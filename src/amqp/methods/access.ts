// The methods of class access (of AMQP 0-8, still answered) and their arguments, in the order of the wire.

export const access = {
  id: 30,
  methods: {
    request: {
      id: 10,
      fields: { realm: 'shortstr', exclusive: 'bit', passive: 'bit', active: 'bit', write: 'bit', read: 'bit' },
    },
    'request-ok': { id: 11, fields: { ticket: 'short' } },
  },
} as const;
