# What Bunny programs do with a broker. Prints `ok <step>` after each step; any failure is a backtrace and exit code 1.
require 'bunny'
require 'securerandom'
require 'timeout'

QUEUE = "bunny-#{SecureRandom.hex(4)}"

# What another thread hands over; taking from it is bounded.
class Inbox
  def initialize
    @items = Thread::Queue.new
  end

  def put(item)
    @items << item
    nil
  end

  # Bunny reports the loss of a connection to whatever has this method: by default to the main thread.
  alias raise put

  def take
    Timeout.timeout(10) { @items.pop }
  end
end

def connect(**options)
  Bunny.new(ENV.fetch('AMQP_URL'), options).start
end

def expect(found, wanted)
  raise "expected #{wanted.inspect}, got #{found.inspect}" unless found == wanted
end

# Starts a consumer whose deliveries come one by one out of the inbox.
def consume(queue, manual_ack: true)
  Inbox.new.tap do |inbox|
    queue.subscribe(manual_ack: manual_ack) { |*delivery| inbox.put(delivery) }
  end
end

def take(inbox, count)
  Array.new(count) { inbox.take }
end

def marks(deliveries)
  deliveries.map { |delivery, _, body| [body, delivery.redelivered?] }
end

def publish(channel, *bodies)
  bodies.each { |body| channel.default_exchange.publish(body, routing_key: QUEUE, persistent: true, mandatory: true) }
  expect(channel.wait_for_confirms, true)
end

def work_queue(channel)
  channel.queue(QUEUE, durable: true)
end

def count(channel)
  work_queue(channel).message_count
end

def cut(connection)
  connection.transport.socket.shutdown(Socket::SHUT_RDWR)
end

def confirms(_connection, channel)
  publish(channel, *(0...100).map(&:to_s))
  expect(channel.unconfirmed_set, Set.new)
  expect(count(channel), 100)
  expect(channel.queue_purge(QUEUE).message_count, 100)
end

def returns(_connection, channel)
  returned = Inbox.new
  exchange = channel.default_exchange
  exchange.on_return { |*message| returned.put(message) }
  exchange.publish('lost?', routing_key: 'no-such-queue', message_id: 'm', mandatory: true)
  # A message that nobody got is confirmed all the same.
  expect(channel.wait_for_confirms, true)
  info, properties, body = returned.take
  expect([info.reply_code, info.reply_text, info.exchange], [312, 'NO_ROUTE', ''])
  expect([info.routing_key, properties.message_id, body], %w[no-such-queue m lost?])
end

def settlements(_connection, channel)
  publish(channel, 'one', 'two', 'three')
  other = connect
  consumer = other.create_channel
  consumer.prefetch(2)
  inbox = consume(work_queue(consumer))
  one, two = first = take(inbox, 2)
  expect(marks(first), [['one', false], ['two', false]])
  expect(count(channel), 1)
  consumer.nack(one.first.delivery_tag, false, true)
  expect(marks(take(inbox, 1)), [['one', true]])
  consumer.reject(two.first.delivery_tag, false)
  three = inbox.take
  expect(marks([three]), [['three', false]])
  consumer.ack(three.first.delivery_tag, true)
  other.close
  expect(count(channel), 0)
end

def redelivery(_connection, channel)
  publish(channel, 'a', 'b', 'c', 'd')
  failures = Inbox.new
  lost = connect(automatically_recover: false, session_error_handler: failures, log_level: Logger::FATAL)
  consumer = lost.create_channel
  consumer.prefetch(2)
  take(consume(work_queue(consumer)), 2)
  # No word of AMQP: the socket is cut.
  cut(lost)
  expect(failures.take.class, Bunny::NetworkFailure)
  other = connect
  consumer = other.create_channel
  inbox = consume(work_queue(consumer))
  expect(marks(take(inbox, 4)), [['a', true], ['b', true], ['c', false], ['d', false]])
  consumer.recover
  expect(marks(take(inbox, 4)), %w[a b c d].map { |body| [body, true] })
  # Closing gives back what is unacknowledged.
  other.close
  delivery, _, body = channel.basic_get(QUEUE, manual_ack: true)
  expect([body, delivery.redelivered, delivery.message_count], ['a', true, 3])
  channel.ack(delivery.delivery_tag)
  channel.queue_purge(QUEUE)
end

def properties(_connection, channel)
  # Bunny gives what comes from the wire as bytes, without an encoding.
  headers = { 'text' => 'ä'.b, 'int' => 5, 'long' => 2**40, 'negative' => -1, 'half' => 0.5, 'yes' => true, 'none' => nil,
              'when' => Time.at(1_600_000_000), 'list' => ['x', 1], 'table' => { 'deep' => { 'er' => 'end' } } }
  sent = { content_type: 'application/json', content_encoding: 'utf-8', headers: headers, delivery_mode: 2, priority: 5,
           correlation_id: 'c', reply_to: 'r', expiration: '60000', message_id: 'm', timestamp: 1_700_000_000,
           type: 't', user_id: 'guest', app_id: 'a' }
  body = Random.bytes(300_000)
  queue = work_queue(channel)
  queue.publish(body, sent.dup)
  _, received, received_body = queue.pop
  raise 'another body came back' unless received_body == body

  expect(received.to_hash, sent.merge(timestamp: Time.at(1_700_000_000)))
  expect(queue.pop, [nil, nil, nil])
end

def routing(_connection, channel)
  topic = channel.topic("#{QUEUE}-topic", auto_delete: true)
  queue = work_queue(channel).bind(topic, routing_key: 'a.*')
  mine = channel.queue('', exclusive: true).bind(topic, routing_key: '#')
  expect(mine.name.start_with?('amq.gen-'), true)
  inbox = consume(mine, manual_ack: false)
  %w[a.b a.b.c x].each { |key| topic.publish(key, routing_key: key) }
  expect(take(inbox, 3).map(&:last), %w[a.b a.b.c x])
  expect(queue.pop.last, 'a.b')
  expect(count(channel), 0)
end

def transactions(connection, channel)
  transaction = connection.create_channel
  transaction.tx_select
  queue = work_queue(transaction)
  queue.publish('undone')
  transaction.tx_rollback
  queue.publish('done', persistent: true)
  expect(count(channel), 0)
  transaction.tx_commit
  delivery, _, body = queue.pop(manual_ack: true)
  expect(body, 'done')
  transaction.ack(delivery.delivery_tag)
  transaction.tx_commit
  transaction.close
  expect(count(channel), 0)
end

# Bunny comes back by itself, with its channels, exchanges, queues, bindings and consumers as they were.
def recovery(_connection, _channel)
  recovered = Inbox.new
  connection = connect(network_recovery_interval: 0.1, recovery_completed: -> { recovered.put(:yes) },
                       log_level: Logger::FATAL)
  channel = connection.create_channel
  channel.confirm_select
  channel.prefetch(1)
  topic = channel.topic("#{QUEUE}-recovery", auto_delete: true)
  durable = consume(work_queue(channel).bind(topic, routing_key: '#'))
  mine = channel.queue('', exclusive: true).bind(topic, routing_key: '#')
  fleeting = consume(mine, manual_ack: false)
  send = lambda do |body|
    topic.publish(body, routing_key: 'any', persistent: true)
    expect(channel.wait_for_confirms, true)
  end

  send.call('first')
  held = durable.take
  expect(marks([held, fleeting.take]), [['first', false], ['first', false]])
  # A cut socket, then a frame for a channel that is not open, for which the broker closes the connection.
  stray = AMQ::Protocol::Basic::Ack.encode(channel.id + 1, 1, false)
  [-> { cut(connection) }, -> { connection.send_frame(stray) }].each do |lose|
    former_name = mine.name
    lose.call
    recovered.take
    expect(mine.name == former_name, false)
    held = durable.take
    expect(marks([held]), [['first', true]])
    send.call('later')
    expect(marks([fleeting.take]), [['later', false]])
  end

  # The prefetch is as it was, too: each comes only after the one before it was acknowledged.
  2.times do
    channel.ack(held.first.delivery_tag)
    held = durable.take
    expect(held.last, 'later')
  end
  channel.ack(held.first.delivery_tag)
  connection.close
end

def errors(connection, channel)
  refused = lambda do |error, code, text, &call|
    broken = connection.create_channel
    call.call(broken)
    raise "#{text}: this was allowed"
  rescue error => refusal
    close = refusal.channel_close
    expect([close.reply_code, close.reply_text.include?(text)], [code, true])
    expect(broken.closed?, true)
  end
  refused.call(Bunny::PreconditionFailed, 406, "inequivalent arg 'durable' for queue") { |it| it.queue(QUEUE) }
  refused.call(Bunny::NotFound, 404, "no queue 'no-such-queue' in vhost '/'") do |it|
    it.queue('no-such-queue', passive: true)
  end
  refused.call(Bunny::AccessRefused, 403, "queue name 'amq.mine' contains reserved prefix 'amq.*'") do |it|
    it.queue('amq.mine')
  end

  # An acknowledgement has no answer; what is wrong with it comes to this callback.
  wrong = Inbox.new
  broken = connection.create_channel
  broken.on_error { |_, close| wrong.put(close) }
  broken.ack(42)
  expect(wrong.take.reply_text, 'PRECONDITION_FAILED - unknown delivery tag 42')

  # The connection goes on, and so does another when one is closed for good.
  doomed = connect(recover_from_connection_close: false)
  begin
    doomed.create_channel.exchange('mine', type: 'no-such-type')
    raise 'an unknown exchange type was allowed'
  rescue Bunny::CommandInvalid => error
    close = error.connection_close
    expect([close.reply_code, close.reply_text.include?("unknown exchange type 'no-such-type'")], [503, true])
  end
  expect(count(channel), 0)
  channel.queue_delete(QUEUE)
end

connection = connect
channel = connection.create_channel
channel.confirm_select
work_queue(channel)
%i[confirms returns settlements redelivery properties routing transactions recovery errors].each do |step|
  send(step, connection, channel)
  puts "ok #{step}"
  $stdout.flush
end
connection.close
