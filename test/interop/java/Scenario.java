import static java.util.concurrent.TimeUnit.MILLISECONDS;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AuthenticationFailureException;
import com.rabbitmq.client.BuiltinExchangeType;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.ConfirmCallback;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.Delivery;
import com.rabbitmq.client.GetResponse;
import com.rabbitmq.client.MessageProperties;
import com.rabbitmq.client.MissedHeartbeatException;
import com.rabbitmq.client.Recoverable;
import com.rabbitmq.client.RecoveryListener;
import com.rabbitmq.client.Return;
import com.rabbitmq.client.ShutdownNotifier;
import com.rabbitmq.client.ShutdownSignalException;
import com.rabbitmq.client.impl.LongStringHelper;
import java.io.IOException;
import java.math.BigDecimal;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Date;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;

/**
 * What programs with RabbitMQ's Java client do with a broker. Prints `ok <step>` after each step; any failure is a
 * stack trace and exit code 1.
 */
class Scenario {
    static final int PATIENCE = 10_000;
    static final String QUEUE = "java-" + UUID.randomUUID();

    final Connection connection = factory().newConnection();
    final Channel channel = connection.createChannel();

    interface Step {
        void run() throws Exception;
    }

    interface Call {
        void on(Channel channel) throws IOException;
    }

    /** What a test looks at in a delivery. */
    record Mark(String body, boolean redelivered) {}

    /** Why the broker closed a channel or a connection. */
    record Reason(int code, String text) {}

    Scenario() throws Exception {
        channel.confirmSelect();
    }

    public static void main(String[] arguments) {
        try {
            Scenario scenario = new Scenario();
            Map<String, Step> steps = new LinkedHashMap<>();
            steps.put("confirms", scenario::confirms);
            steps.put("returns", scenario::returns);
            steps.put("settlements", scenario::settlements);
            steps.put("redelivery", scenario::redelivery);
            steps.put("properties", scenario::properties);
            steps.put("routing", scenario::routing);
            steps.put("transactions", scenario::transactions);
            steps.put("recovery", scenario::recovery);
            steps.put("heartbeats", scenario::heartbeats);
            steps.put("errors", scenario::errors);
            for (Map.Entry<String, Step> step : steps.entrySet()) {
                step.getValue().run();
                System.out.println("ok " + step.getKey());
            }
            scenario.connection.close();
        } catch (Throwable failure) {
            failure.printStackTrace();
            System.exit(1);
        }
    }

    void confirms() throws Exception {
        channel.queueDeclare(QUEUE, true, false, false, null);
        var outstanding = new ConcurrentSkipListSet<Long>();
        ConfirmCallback confirmed = (number, multiple) -> {
            if (multiple) outstanding.headSet(number, true).clear();
            else outstanding.remove(number);
        };
        // What the broker did not take would stay outstanding.
        var listener = channel.addConfirmListener(confirmed, (number, multiple) -> {});
        for (int number = 0; number < 100; number++) {
            outstanding.add(channel.getNextPublishSeqNo());
            channel.basicPublish("", QUEUE, MessageProperties.PERSISTENT_BASIC, bytes("" + number));
        }
        channel.waitForConfirmsOrDie(PATIENCE);
        expect(outstanding.size(), 0);
        channel.removeConfirmListener(listener);
        expect(count(), 100);
        expect(channel.queuePurge(QUEUE).getMessageCount(), 100);
    }

    void returns() throws Exception {
        var returned = new LinkedBlockingQueue<Return>();
        var listener = channel.addReturnListener(returned::add);
        var properties = new AMQP.BasicProperties.Builder().messageId("m").build();
        channel.basicPublish("", "no-such-queue", true, properties, bytes("lost?"));
        channel.waitForConfirmsOrDie(PATIENCE);
        // A message comes back before it is confirmed, so there is nothing left to wait for.
        Return message = returned.remove();
        expect(new Reason(message.getReplyCode(), message.getReplyText()), new Reason(312, "NO_ROUTE"));
        expect(message.getRoutingKey(), "no-such-queue");
        expect(message.getProperties().getMessageId(), "m");
        expect(text(message.getBody()), "lost?");
        channel.removeReturnListener(listener);
    }

    void settlements() throws Exception {
        publish("one", "two", "three");
        try (Connection other = factory().newConnection()) {
            Channel consumer = other.createChannel();
            consumer.basicQos(2);
            BlockingQueue<Delivery> deliveries = consume(consumer, QUEUE, false);
            List<Delivery> first = take(deliveries, 2);
            expect(marks(first), List.of(new Mark("one", false), new Mark("two", false)));
            expect(count(), 1);
            consumer.basicNack(tag(first.get(0)), false, true);
            expect(marks(take(deliveries, 1)), List.of(new Mark("one", true)));
            consumer.basicReject(tag(first.get(1)), false);
            List<Delivery> third = take(deliveries, 1);
            expect(marks(third), List.of(new Mark("three", false)));
            consumer.basicAck(tag(third.get(0)), true);
        }
        expect(count(), 0);
    }

    void redelivery() throws Exception {
        publish("a", "b", "c", "d");
        var socket = new AtomicReference<Socket>();
        Connection lost = withoutRecovery(keeping(socket)).newConnection();
        Channel losing = lost.createChannel();
        losing.basicQos(2);
        take(consume(losing, QUEUE, false), 2);
        // No word of AMQP: the socket is cut.
        socket.get().close();
        untilCount(4);
        try (Connection other = factory().newConnection()) {
            Channel consumer = other.createChannel();
            BlockingQueue<Delivery> deliveries = consume(consumer, QUEUE, false);
            expect(
                    marks(take(deliveries, 4)),
                    List.of(new Mark("a", true), new Mark("b", true), new Mark("c", false), new Mark("d", false)));
            consumer.basicRecover(true);
            expect(
                    marks(take(deliveries, 4)),
                    List.of(new Mark("a", true), new Mark("b", true), new Mark("c", true), new Mark("d", true)));
        }
        // Closing gave back what was unacknowledged.
        GetResponse message = channel.basicGet(QUEUE, false);
        expect(new Mark(text(message.getBody()), message.getEnvelope().isRedeliver()), new Mark("a", true));
        expect(message.getMessageCount(), 3);
        channel.basicAck(message.getEnvelope().getDeliveryTag(), false);
        expect(channel.queuePurge(QUEUE).getMessageCount(), 3);
    }

    void properties() throws Exception {
        var time = new Date(1_700_000_000_000L);
        Map<String, Object> headers = new HashMap<>();
        headers.put("text", LongStringHelper.asLongString("ä"));
        headers.put("yes", true);
        headers.put("none", null);
        headers.put("time", time);
        headers.put("byte", (byte) -1);
        headers.put("short", (short) -300);
        headers.put("int", -70_000);
        headers.put("long", 1L << 40);
        headers.put("float", 0.5f);
        headers.put("double", 0.1);
        headers.put("decimal", new BigDecimal("3.14"));
        headers.put("list", List.of(LongStringHelper.asLongString("x"), 1));
        headers.put("table", Map.of("deep", Map.of("er", LongStringHelper.asLongString("end"))));
        var sent = new AMQP.BasicProperties.Builder()
                .contentType("application/json")
                .contentEncoding("utf-8")
                .headers(headers)
                .deliveryMode(2)
                .priority(5)
                .correlationId("c")
                .replyTo("r")
                .expiration("60000")
                .messageId("m")
                .timestamp(time)
                .type("t")
                .userId("guest")
                .appId("a")
                .build();
        var body = new byte[300_000];
        new Random().nextBytes(body);
        channel.basicPublish("", QUEUE, sent, body);
        GetResponse received = channel.basicGet(QUEUE, true);
        expect(Arrays.equals(received.getBody(), body), true);
        expect(received.getProps().getHeaders(), headers);
        expect(listed(received.getProps()), listed(sent));
        expect(channel.basicGet(QUEUE, true), null);
    }

    /** All properties but the headers, as text: they know no equality. */
    static String listed(AMQP.BasicProperties properties) {
        return properties.builder().headers(null).build().toString();
    }

    void routing() throws Exception {
        String exchange = QUEUE + "-topic";
        channel.exchangeDeclare(exchange, BuiltinExchangeType.TOPIC, false, true, null);
        channel.queueBind(QUEUE, exchange, "a.*");
        String mine = channel.queueDeclare().getQueue();
        expect(mine.startsWith("amq.gen-"), true);
        channel.queueBind(mine, exchange, "#");
        for (String key : List.of("a.b", "a.b.c", "x")) {
            channel.basicPublish(exchange, key, null, bytes(key));
        }
        expect(
                marks(take(consume(channel, mine, true), 3)),
                List.of(new Mark("a.b", false), new Mark("a.b.c", false), new Mark("x", false)));
        expect(text(channel.basicGet(QUEUE, true).getBody()), "a.b");
        expect(count(), 0);
        channel.queueUnbind(QUEUE, exchange, "a.*");
        channel.queueDelete(mine);
    }

    void transactions() throws Exception {
        Channel transaction = connection.createChannel();
        transaction.txSelect();
        transaction.basicPublish("", QUEUE, null, bytes("undone"));
        transaction.txRollback();
        transaction.basicPublish("", QUEUE, MessageProperties.PERSISTENT_BASIC, bytes("done"));
        expect(count(), 0);
        transaction.txCommit();
        GetResponse message = transaction.basicGet(QUEUE, false);
        expect(text(message.getBody()), "done");
        transaction.basicAck(message.getEnvelope().getDeliveryTag(), false);
        transaction.txCommit();
        transaction.close();
        expect(count(), 0);
    }

    void recovery() throws Exception {
        var socket = new AtomicReference<Socket>();
        ConnectionFactory factory = keeping(socket);
        factory.setNetworkRecoveryInterval(100);
        String exchange = QUEUE + "-direct";
        try (Connection recovering = factory.newConnection()) {
            Channel recovered = recovering.createChannel();
            recovered.confirmSelect();
            recovered.basicQos(1);
            recovered.exchangeDeclare(exchange, BuiltinExchangeType.DIRECT);
            String mine = recovered.queueDeclare().getQueue();
            recovered.queueBind(mine, exchange, "key");
            BlockingQueue<Delivery> own = consume(recovered, mine, true);
            BlockingQueue<Delivery> shared = consume(recovered, QUEUE, false);
            publish("unfinished", "next");
            take(shared, 1);
            // The queue goes with the connection; the exchange would, if the broker had been restarted.
            channel.exchangeDelete(exchange);
            CompletableFuture<Recoverable> recovery = recoveryOf(recovering);
            socket.get().close();
            recovery.get(PATIENCE, MILLISECONDS);
            // Exchange, queue and binding are declared again, the consumers consume on, and publishes are confirmed.
            recovered.basicPublish(exchange, "key", null, bytes("found"));
            recovered.waitForConfirmsOrDie(PATIENCE);
            expect(marks(take(own, 1)), List.of(new Mark("found", false)));
            Delivery again = take(shared, 1).get(0);
            expect(marks(List.of(again)), List.of(new Mark("unfinished", true)));
            recovered.basicAck(tag(again), false);
            List<Delivery> next = take(shared, 1);
            expect(marks(next), List.of(new Mark("next", false)));
            recovered.basicAck(tag(next.get(0)), false);
        }
        expect(count(), 0);
        channel.exchangeDelete(exchange);
    }

    void heartbeats() throws Exception {
        ConnectionFactory factory = withoutRecovery(factory());
        factory.setRequestedHeartbeat(1);
        try (Connection beating = factory.newConnection()) {
            expect(beating.getHeartbeat(), 1);
            CompletableFuture<ShutdownSignalException> ending = endOf(beating);
            // This executor does nothing, so that the client sends no heartbeats: the broker closes the socket.
            var idle = new ScheduledThreadPoolExecutor(1, new ThreadPoolExecutor.DiscardPolicy());
            idle.shutdown();
            factory.setHeartbeatExecutor(idle);
            Connection silent = factory.newConnection();
            ShutdownSignalException end = endOf(silent).get(PATIENCE, MILLISECONDS);
            expect(end.getCause() instanceof MissedHeartbeatException, false);
            // By these three seconds the client would have ended the other one, had no heartbeat come to it.
            try {
                throw new AssertionError(ending.get(1000, MILLISECONDS));
            } catch (TimeoutException expected) {
                beating.createChannel().close();
            }
        }
    }

    void errors() throws Exception {
        String inequivalent = "inequivalent arg 'durable' for queue '" + QUEUE + "' in vhost '/'";
        refused(
                new Reason(406, "PRECONDITION_FAILED - " + inequivalent + ": received 'false' but current is 'true'"),
                broken -> broken.queueDeclare(QUEUE, false, false, false, null));
        refused(
                new Reason(404, "NOT_FOUND - no queue 'no-such-queue' in vhost '/'"),
                broken -> consume(broken, "no-such-queue", false));
        refused(
                new Reason(403, "ACCESS_REFUSED - queue name 'amq.mine' contains reserved prefix 'amq.*'"),
                broken -> broken.queueDeclare("amq.mine", false, false, false, null));
        refused(
                new Reason(406, "PRECONDITION_FAILED - unknown delivery tag 99"),
                broken -> broken.basicAck(99, false));
        // The connection goes on; one more wrong thing ends one, with its reason.
        expect(count(), 0);
        Connection other = withoutRecovery(factory()).newConnection();
        CompletableFuture<ShutdownSignalException> end = endOf(other);
        var unknown = new Reason(503, "COMMAND_INVALID - unknown exchange type 'no-such-type'");
        expect(refusal(other.createChannel(), broken -> broken.exchangeDeclare("mine", "no-such-type")), unknown);
        expect(reason(end.get(PATIENCE, MILLISECONDS)), unknown);
        ConnectionFactory stranger = factory();
        stranger.setPassword("wrong");
        try {
            throw new AssertionError(stranger.newConnection());
        } catch (AuthenticationFailureException error) {
            String refusal = "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN.";
            expect(error.getMessage(), refusal + " For details see the broker logfile.");
        }
        // A consumer is told that its queue is gone.
        var cancelled = new CompletableFuture<String>();
        String tag = channel.basicConsume(QUEUE, false, (ignored, delivery) -> {}, cancelled::complete);
        channel.queueDelete(QUEUE);
        expect(cancelled.get(PATIENCE, MILLISECONDS), tag);
    }

    /** Checks the reason for which a channel is closed; a call that waits for an answer fails with it too. */
    void refused(Reason wanted, Call call) throws Exception {
        Channel broken = connection.createChannel();
        CompletableFuture<ShutdownSignalException> end = endOf(broken);
        Reason refusal = refusal(broken, call);
        if (refusal != null) expect(refusal, wanted);
        expect(reason(end.get(PATIENCE, MILLISECONDS)), wanted);
    }

    static Reason refusal(Channel channel, Call call) {
        try {
            call.on(channel);
            return null;
        } catch (IOException error) {
            return reason((ShutdownSignalException) error.getCause());
        }
    }

    static Reason reason(ShutdownSignalException signal) {
        return switch (signal.getReason().protocolMethodName()) {
            case "channel.close" -> {
                var close = (AMQP.Channel.Close) signal.getReason();
                yield new Reason(close.getReplyCode(), close.getReplyText());
            }
            case "connection.close" -> {
                var close = (AMQP.Connection.Close) signal.getReason();
                yield new Reason(close.getReplyCode(), close.getReplyText());
            }
            default -> throw signal;
        };
    }

    static CompletableFuture<ShutdownSignalException> endOf(ShutdownNotifier notifier) {
        var end = new CompletableFuture<ShutdownSignalException>();
        notifier.addShutdownListener(end::complete);
        return end;
    }

    static CompletableFuture<Recoverable> recoveryOf(Connection connection) {
        var recovery = new CompletableFuture<Recoverable>();
        ((Recoverable) connection).addRecoveryListener(new RecoveryListener() {
            @Override
            public void handleRecovery(Recoverable recovered) {
                recovery.complete(recovered);
            }

            @Override
            public void handleRecoveryStarted(Recoverable recovering) {}
        });
        return recovery;
    }

    static ConnectionFactory factory() throws Exception {
        var factory = new ConnectionFactory();
        factory.setUri(System.getenv("AMQP_URL"));
        return factory;
    }

    static ConnectionFactory withoutRecovery(ConnectionFactory factory) {
        factory.setAutomaticRecoveryEnabled(false);
        return factory;
    }

    /** A factory that keeps the socket of its newest connection, so that it can be cut. */
    static ConnectionFactory keeping(AtomicReference<Socket> kept) throws Exception {
        ConnectionFactory factory = factory();
        factory.setSocketConfigurator(socket -> {
            socket.setTcpNoDelay(true);
            kept.set(socket);
        });
        return factory;
    }

    /** Puts persistent messages into the queue and waits until they are confirmed. */
    void publish(String... bodies) throws Exception {
        for (String body : bodies) {
            channel.basicPublish("", QUEUE, true, MessageProperties.PERSISTENT_BASIC, bytes(body));
        }
        channel.waitForConfirmsOrDie(PATIENCE);
    }

    /** A consumer that keeps what it is given until told what to do with it. */
    static BlockingQueue<Delivery> consume(Channel channel, String queue, boolean autoAck) throws IOException {
        var deliveries = new LinkedBlockingQueue<Delivery>();
        channel.basicConsume(queue, autoAck, (tag, delivery) -> deliveries.add(delivery), tag -> {});
        return deliveries;
    }

    static List<Delivery> take(BlockingQueue<Delivery> deliveries, int count) throws InterruptedException {
        var taken = new ArrayList<Delivery>();
        while (taken.size() < count) {
            Delivery delivery = deliveries.poll(PATIENCE, MILLISECONDS);
            if (delivery == null) throw new AssertionError("only " + taken.size() + " of " + count + " deliveries");
            taken.add(delivery);
        }
        return taken;
    }

    static List<Mark> marks(List<Delivery> deliveries) {
        return deliveries.stream()
                .map(delivery -> new Mark(text(delivery.getBody()), delivery.getEnvelope().isRedeliver()))
                .toList();
    }

    static long tag(Delivery delivery) {
        return delivery.getEnvelope().getDeliveryTag();
    }

    /** The number of messages in the queue that no consumer has. */
    int count() throws IOException {
        return channel.queueDeclarePassive(QUEUE).getMessageCount();
    }

    /** Waits for what the broker does when it notices a lost connection, of which nobody is told. */
    void untilCount(int wanted) throws Exception {
        long until = System.currentTimeMillis() + PATIENCE;
        while (count() != wanted && System.currentTimeMillis() < until) Thread.sleep(10);
        expect(count(), wanted);
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    static void expect(Object found, Object wanted) {
        if (!Objects.equals(found, wanted)) throw new AssertionError("expected " + wanted + ", got " + found);
    }
}
