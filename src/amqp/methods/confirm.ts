// The methods of class confirm and their arguments, in the order of the wire.

export const confirm = {
  id: 85,
  methods: {
    select: { id: 10, fields: { noWait: 'bit' } },
    'select-ok': { id: 11, fields: {} },
  },
} as const;
