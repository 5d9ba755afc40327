// SPDX-License-Identifier: Apache-2.0
// librdkafka's properties: what is set, what wins, what is refused. No broker is needed.
#include <transport/kafka/known.hpp>
#include <transport/kafka/properties.hpp>

#include <doctest/doctest.h>

#include <string>

#include <weir/error.hpp>

using namespace weir::transport;
using namespace std::chrono_literals;
using kafka::configuration;
using kafka::value_of;

namespace {

configuration with(weir::properties p, weir::duration drain = 10s) {
    return configuration{{"localhost:9092", "shop", std::move(p), drain}};
}
template <class F>
std::string refusal(F f) {
    try {
        f();
    } catch (const weir::setup_error& e) { return e.what(); }
    return "nothing was wrong";
}
std::string refusal(const std::string& name, const std::string& value) {
    return refusal([&] { with({{name, value}}); });
}

}  // namespace

TEST_CASE("kafka: safe defaults are set") {
    const auto c = with({});
    const auto sends = c.producer(), reads = c.consumer(false);
    CHECK(value_of(sends.get(), "enable.idempotence") == "true");
    CHECK(value_of(sends.get(), "acks") == "-1");  // all
    CHECK(value_of(sends.get(), "partitioner") == "murmur2_random");
    CHECK(value_of(sends.get(), "linger.ms") == "5");
    CHECK(value_of(sends.get(), "compression.codec") == "none");
    CHECK(value_of(sends.get(), "message.max.bytes") ==
          value_of(reads.get(), "receive.message.max.bytes"));
    CHECK(value_of(reads.get(), "enable.auto.commit") == "false");
    CHECK(value_of(reads.get(), "enable.auto.offset.store") == "false");
    CHECK(value_of(reads.get(), "isolation.level") == "read_committed");
    CHECK(value_of(reads.get(), "queued.min.messages") == "30000");
    CHECK(value_of(reads.get(), "auto.offset.reset") == "smallest");  // earliest
    CHECK(value_of(reads.get(), "group.id") == "shop");
    for (auto* conf : {sends.get(), reads.get()}) {
        CHECK(value_of(conf, "socket.nagle.disable") == "true");
        CHECK(value_of(conf, "bootstrap.servers") == "localhost:9092");
        CHECK(value_of(conf, "client.id") == "shop");
    }
}

TEST_CASE("kafka: the user's property wins over ours") {
    const auto c = with({{"linger.ms", "50"}, {"queued.min.messages", "7"}, {"client.id", "me"}});
    CHECK(value_of(c.producer().get(), "linger.ms") == "50");
    CHECK(value_of(c.consumer(false).get(), "queued.min.messages") == "7");
    CHECK(value_of(c.consumer(false).get(), "client.id") == "me");
    CHECK(kafka::prefetch_of(c.consumer(false).get()).messages == 7);
}

TEST_CASE("kafka: a producer's property does not reach the consumer, nor the other way round") {
    const auto c = with({{"linger.ms", "50"}, {"fetch.min.bytes", "9"}});
    CHECK(value_of(c.consumer(false).get(), "linger.ms") != "50");
    CHECK(value_of(c.producer().get(), "fetch.min.bytes") != "9");
}

TEST_CASE("kafka: topics are looked for every 10 s where a pattern is subscribed") {
    const auto interval = [](const configuration& c, bool pattern) {
        return value_of(c.consumer(pattern).get(), "topic.metadata.refresh.interval.ms");
    };
    CHECK(interval(with({}), true) == "10000");
    CHECK(interval(with({}), false) == "300000");
    CHECK(interval(with({{"topic.metadata.refresh.interval.ms", "5000"}}), true) == "5000");
}

TEST_CASE("kafka: a property that librdkafka does not have is refused with the nearest name") {
    const auto version = std::string{rd_kafka_version_str()};
    CHECK(refusal("fetch.min.byte", "1") == "weir: librdkafka " + version +
                                                " has no property 'fetch.min.byte': did you mean "
                                                "'fetch.min.bytes'?");
    CHECK(refusal("isolation_level", "x").find("'isolation.level'") != std::string::npos);
}

TEST_CASE("kafka: a value that librdkafka does not take is refused with its reason") {
    CHECK(refusal("fetch.min.bytes", "many")
              .starts_with("weir: librdkafka's property fetch.min.bytes=many is not possible: "));
    CHECK(refusal("acks", "some")
              .starts_with("weir: librdkafka's property acks=some is not possible: "));
}

TEST_CASE("kafka: what would break weir's promises is refused, and the value it has is not") {
    for (auto& [name, value, good] :
         {std::array{"enable.auto.commit", "true", "false"},
          std::array{"enable.auto.offset.store", "true", "false"},
          std::array{"delivery.report.only.error", "true", "false"},
          std::array{"group.id", "other", "shop"},
          std::array{"bootstrap.servers", "elsewhere:9092", "localhost:9092"},
          std::array{"auto.offset.reset", "error", "latest"}}) {
        CAPTURE(name);
        CHECK(refusal(name, value)
                  .starts_with(std::string{"weir: librdkafka's property "} + name + '=' + value +
                               " is not possible: "));
        CHECK(refusal(name, good) == "nothing was wrong");
    }
    CHECK(refusal("transactional.id", "x") ==
          "weir: librdkafka's property transactional.id=x is not possible: weir does not send in "
          "transactions");
}

TEST_CASE("semantics 27: cooperative rebalances are refused where librdkafka loses assignments") {
    const auto said = refusal("partition.assignment.strategy", "cooperative-sticky");
    if (kafka::runs_at_least(0x020a00ff)) CHECK(said == "nothing was wrong");
    else
        CHECK(said ==
              "weir: librdkafka's property partition.assignment.strategy=cooperative-sticky is not "
              "possible: cooperative rebalances need librdkafka 2.10, this is " +
                  std::string{rd_kafka_version_str()} + ": before, they lose assignments");
    CHECK(refusal("partition.assignment.strategy", "roundrobin") == "nothing was wrong");
}

TEST_CASE("kafka: max.poll.interval.ms has to leave room for a drain") {
    CHECK(refusal([] {
              with({{"max.poll.interval.ms", "12000"}, {"session.timeout.ms", "6000"}});
          }).starts_with("weir: max.poll.interval.ms=12000 must be at least 2 s longer"));
    with({{"max.poll.interval.ms", "12000"}, {"session.timeout.ms", "6000"}}, 5s);
}

TEST_CASE("kafka: auto.offset.reset as a property means the app's option") {
    CHECK(kafka::reset_of({}) == std::nullopt);
    CHECK(kafka::reset_of({{"auto.offset.reset", "latest"}}) == reset::latest);
    CHECK(kafka::reset_of({{"auto.offset.reset", "beginning"}}) == reset::earliest);
}

TEST_CASE("kafka: the address is host:port, one or several") {
    CHECK(kafka::servers_of("kafka://a:1") == "a:1");
    CHECK(kafka::servers_of("kafka://a:1,[::1]:9092") == "a:1,[::1]:9092");
    for (const auto* wrong : {"kafka://", "kafka://a", "kafka://a:1,", "kafka://a:port",
                              "kafka://:9092", "kafka://a:1/x", "kafka://a:123456"})
        CHECK(refusal([&] {
                  kafka::servers_of(wrong);
              }).ends_with("write kafka://host:port, or kafka://host:port,host:port"));
}

TEST_CASE("kafka: co-partitioned topics need the assignor range, and get it") {
    const auto strategy = [](weir::properties p) {
        const auto conf = with(std::move(p)).consumer(false, true);
        return value_of(conf.get(), "partition.assignment.strategy");
    };
    const std::string name = "partition.assignment.strategy";
    CHECK(strategy({}) == "range");
    CHECK(strategy({{name, "range"}}) == "range");
    CHECK(value_of(with({}).consumer(false).get(), name.c_str()) == "range,roundrobin");
    for (const auto* other : {"roundrobin", "range,roundrobin"}) {
        const auto why = refusal([&] { strategy({{name, other}}); });
        CHECK(why == "weir: librdkafka's property " + name + '=' + other +
                         " is not possible: topics that are read together need equal partitions in "
                         "one member, and only range sees to that");
        CHECK(refusal([&] { kafka::check_co_partitioned({{name, other}}); }) == why);
    }
    CHECK(refusal([] {
              kafka::check_co_partitioned({{"linger.ms", "5"}});
          }) == "nothing was wrong");
}

TEST_CASE("kafka: the client of readers is in no group, and reads only what is committed") {
    const auto conf = with({{"group.instance.id", "one"},
                            {"isolation.level", "read_uncommitted"},
                            {"queued.min.messages", "7"}})
                          .reader();
    CHECK(value_of(conf.get(), "group.id") == "");
    CHECK(value_of(conf.get(), "group.instance.id") == "");
    CHECK(value_of(conf.get(), "isolation.level") == "read_committed");
    CHECK(value_of(conf.get(), "enable.partition.eof") == "true");
    CHECK(value_of(conf.get(), "queued.min.messages") == "7");
    CHECK(kafka::prefetch_of(conf.get()).bytes == 8 << 20);
}
