// The methods of class connection and their arguments, in the order of the wire.

export const connection = {
  id: 10,
  methods: {
    start: {
      id: 10,
      fields: {
        versionMajor: 'octet',
        versionMinor: 'octet',
        serverProperties: 'table',
        mechanisms: 'longstr',
        locales: 'longstr',
      },
    },
    'start-ok': {
      id: 11,
      fields: { clientProperties: 'table', mechanism: 'shortstr', response: 'longstr', locale: 'shortstr' },
    },
    secure: { id: 20, fields: { challenge: 'longstr' } },
    'secure-ok': { id: 21, fields: { response: 'longstr' } },
    tune: { id: 30, fields: { channelMax: 'short', frameMax: 'long', heartbeat: 'short' } },
    'tune-ok': { id: 31, fields: { channelMax: 'short', frameMax: 'long', heartbeat: 'short' } },
    open: { id: 40, fields: { virtualHost: 'shortstr', capabilities: 'shortstr', insist: 'bit' } },
    'open-ok': { id: 41, fields: { knownHosts: 'shortstr' } },
    close: { id: 50, fields: { replyCode: 'short', replyText: 'shortstr', classId: 'short', methodId: 'short' } },
    'close-ok': { id: 51, fields: {} },
    blocked: { id: 60, fields: { reason: 'shortstr' } },
    unblocked: { id: 61, fields: {} },
    'update-secret': { id: 70, fields: { newSecret: 'longstr', reason: 'shortstr' } },
    'update-secret-ok': { id: 71, fields: {} },
  },
} as const;
