// The methods of class basic and their arguments, in the order of the wire.

export const basic = {
  id: 60,
  methods: {
    qos: { id: 10, fields: { prefetchSize: 'long', prefetchCount: 'short', global: 'bit' } },
    'qos-ok': { id: 11, fields: {} },
    consume: {
      id: 20,
      fields: {
        ticket: 'short',
        queue: 'shortstr',
        consumerTag: 'shortstr',
        noLocal: 'bit',
        noAck: 'bit',
        exclusive: 'bit',
        noWait: 'bit',
        arguments: 'table',
      },
    },
    'consume-ok': { id: 21, fields: { consumerTag: 'shortstr' } },
    cancel: { id: 30, fields: { consumerTag: 'shortstr', noWait: 'bit' } },
    'cancel-ok': { id: 31, fields: { consumerTag: 'shortstr' } },
    publish: {
      id: 40,
      content: true,
      fields: { ticket: 'short', exchange: 'shortstr', routingKey: 'shortstr', mandatory: 'bit', immediate: 'bit' },
    },
    return: {
      id: 50,
      content: true,
      fields: { replyCode: 'short', replyText: 'shortstr', exchange: 'shortstr', routingKey: 'shortstr' },
    },
    deliver: {
      id: 60,
      content: true,
      fields: {
        consumerTag: 'shortstr',
        deliveryTag: 'longlong',
        redelivered: 'bit',
        exchange: 'shortstr',
        routingKey: 'shortstr',
      },
    },
    get: { id: 70, fields: { ticket: 'short', queue: 'shortstr', noAck: 'bit' } },
    'get-ok': {
      id: 71,
      content: true,
      fields: {
        deliveryTag: 'longlong',
        redelivered: 'bit',
        exchange: 'shortstr',
        routingKey: 'shortstr',
        messageCount: 'long',
      },
    },
    'get-empty': { id: 72, fields: { clusterId: 'shortstr' } },
    ack: { id: 80, fields: { deliveryTag: 'longlong', multiple: 'bit' } },
    reject: { id: 90, fields: { deliveryTag: 'longlong', requeue: 'bit' } },
    'recover-async': { id: 100, fields: { requeue: 'bit' } },
    recover: { id: 110, fields: { requeue: 'bit' } },
    'recover-ok': { id: 111, fields: {} },
    nack: { id: 120, fields: { deliveryTag: 'longlong', multiple: 'bit', requeue: 'bit' } },
    // Credit is RabbitMQ's own, used within it for AMQP 1.0; 3.10 still takes it from clients (406 for an unknown tag).
    credit: { id: 200, fields: { consumerTag: 'shortstr', credit: 'long', drain: 'bit' } },
    'credit-ok': { id: 201, fields: { available: 'long' } },
    'credit-drained': { id: 202, fields: { consumerTag: 'shortstr', creditDrained: 'long' } },
  },
} as const;
