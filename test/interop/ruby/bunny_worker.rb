# The worker of RabbitMQ's tutorial, on the queue that is given. Bunny reconnects sooner than by default, for the test's sake.
require 'bunny'

$stdout.sync = true

connection = Bunny.new(ENV.fetch('AMQP_URL'), network_recovery_interval: 0.5).start
channel = connection.create_channel
channel.prefetch(1)
queue = channel.queue(ARGV.fetch(0), durable: true)

queue.subscribe(manual_ack: true) do |delivery, _properties, body|
  puts " [x] Received #{body}"
  channel.ack(delivery.delivery_tag)
end
puts ' [*] Waiting for messages. To exit press CTRL+C'

begin
  # Not `block: true`: with that, Bunny 2.19 goes on here as soon as a connection is lost.
  sleep
rescue Interrupt
  connection.close
end
