// The methods of class channel and their arguments, in the order of the wire.

export const channel = {
  id: 20,
  methods: {
    open: { id: 10, fields: { outOfBand: 'shortstr' } },
    'open-ok': { id: 11, fields: { channelId: 'longstr' } },
    flow: { id: 20, fields: { active: 'bit' } },
    'flow-ok': { id: 21, fields: { active: 'bit' } },
    close: { id: 40, fields: { replyCode: 'short', replyText: 'shortstr', classId: 'short', methodId: 'short' } },
    'close-ok': { id: 41, fields: {} },
  },
} as const;
