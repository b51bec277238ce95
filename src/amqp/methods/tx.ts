// The methods of class tx. None has arguments.

export const tx = {
  id: 90,
  methods: {
    select: { id: 10, fields: {} },
    'select-ok': { id: 11, fields: {} },
    commit: { id: 20, fields: {} },
    'commit-ok': { id: 21, fields: {} },
    rollback: { id: 30, fields: {} },
    'rollback-ok': { id: 31, fields: {} },
  },
} as const;
