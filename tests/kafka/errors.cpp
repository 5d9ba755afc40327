// SPDX-License-Identifier: Apache-2.0
// librdkafka's errors as sentences. No broker is needed.
#include <transport/kafka/problems.hpp>

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

using namespace weir::transport;

namespace {

struct told final : listener {
    void assigned(std::vector<assignment>) override {}
    void revoked(std::vector<weir::topic_partition>) override {}
    void lost(std::vector<weir::topic_partition>) override {}
    void delivered(std::uint64_t, const delivery&) override {}
    void committed(const commit_result&) override {}
    void topics_changed() override {}
    void problem(const std::string& text, bool fatal) override { all.emplace_back(text, fatal); }
    std::vector<std::pair<std::string, bool>> all;
};

}  // namespace

TEST_CASE("kafka: a broker that is away is a sentence, and no end") {
    const auto p = kafka::client_problem(RD_KAFKA_RESP_ERR__TRANSPORT, "a:1: Connection refused");
    CHECK(p.text ==
          "Kafka: a:1: Connection refused; check that the broker runs and can be reached");
    CHECK(kafka::text_of(p) == p.text + "; weir goes on trying");
    CHECK_FALSE(p.fatal);
    CHECK_FALSE(p.refused);
}

TEST_CASE("kafka: an address that the cluster gave names advertised.listeners, a given one does "
          "not") {
    for (auto e : {RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__RESOLVE}) {
        CAPTURE(e);
        const auto says = [e](const char* reason) {
            return kafka::client_problem(e, reason).text.find("advertised.listeners") !=
                   std::string::npos;
        };
        CHECK(says("nosuchhost:9092/1: Failed"));
        CHECK(says("ssl://nosuchhost:9092/12: Failed"));
        CHECK_FALSE(says("nosuchhost:9092/bootstrap: Failed"));
        CHECK_FALSE(says("GroupCoordinator: Failed"));
        CHECK_FALSE(says("1/1 brokers are down"));
        CHECK_FALSE(says(""));
    }
}

TEST_CASE("kafka: why a broker is down is the cause, not that all are, whatever came last") {
    const auto down = kafka::client_problem(RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, "1/1 are down");
    const auto slow = kafka::client_problem(RD_KAFKA_RESP_ERR__TIMED_OUT, "a:1/1: timed out");
    const auto away = kafka::client_problem(RD_KAFKA_RESP_ERR__TRANSPORT, "a:1/1: refused");
    const auto name = kafka::client_problem(RD_KAFKA_RESP_ERR__RESOLVE, "a:1/1: no such host");
    const auto login = kafka::client_problem(RD_KAFKA_RESP_ERR__AUTHENTICATION, "a:1/1: wrong");
    const std::vector<kafka::problem> ranked{down, slow, away, name, login};
    for (std::size_t i = 0; i < ranked.size(); ++i)
        for (std::size_t k = 0; k <= i; ++k) {
            CAPTURE(i);
            CAPTURE(k);
            kafka::problems all;
            all.add(ranked[i]);
            all.add(ranked[k]);
            CHECK(all.cause() == ranked[i].text);
            CHECK(all.refused() == (i == 4));
        }
}

TEST_CASE("kafka: what a log line says of a connection is the cause, and is not told") {
    const auto cause = [](const char* line) {
        kafka::problems all;
        all.add(kafka::client_problem(RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, "1/1 are down"));
        all.take();
        all.note(kafka::connection_problem(line));
        CHECK(all.take().empty());
        return all.cause();
    };
    CHECK(cause("[thrd:a:1/bootstrap]: a:1/bootstrap: Disconnected: broker might require SASL")
              .starts_with("Kafka: a:1/bootstrap: Disconnected: broker might require SASL; check"));
    const auto name = cause("[thrd:a:1/1]: away:1/1: Failed to resolve 'away:1': Name not known");
    CHECK(name.find("advertised.listeners") != name.npos);
    CHECK(cause("[thrd:ssl://a:1/bootstrap]: ssl://a:1/bootstrap: SSL handshake failed: closed")
              .find("ssl.ca.location") != std::string::npos);
}

TEST_CASE("kafka: that all brokers are down has the cause that was known before the last answer") {
    const auto down = kafka::client_problem(RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, "1/1 are down");
    const auto name = kafka::client_problem(RD_KAFKA_RESP_ERR__RESOLVE, "a:1/1: no such host");
    const auto slow = kafka::client_problem(RD_KAFKA_RESP_ERR__TIMED_OUT, "a:1/1: timed out");
    kafka::problems all;
    all.note(name);
    all.answered();
    CHECK(all.cause().empty());
    all.answered();
    all.add(down);
    CHECK(all.cause() == name.text);
    all.answered();
    all.add(slow);  // a newer cause is told as it is
    CHECK(all.cause() == slow.text);
}

TEST_CASE("kafka: the same error of the same broker is told once, whatever its text counts") {
    const auto again = [](const char* reason) {
        return kafka::client_problem(RD_KAFKA_RESP_ERR__TRANSPORT, reason);
    };
    kafka::problems all;
    told to;
    all.add(again("a:1/1: refused (after 0ms)"));
    all.add(again("a:1/1: refused (after 3ms, 7 identical error(s) suppressed)"));
    all.add(again("b:1/2: refused (after 3ms)"));
    all.add(kafka::client_problem(RD_KAFKA_RESP_ERR__RESOLVE, "a:1/1: no such host"));
    all.add(kafka::client_problem(RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, "1/2 brokers are down"));
    all.add(kafka::client_problem(RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, "2/2 brokers are down"));
    for (int partition : {3, 3, 4})
        all.add(
            kafka::consumer_problem(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, "", "t", partition));
    all.tell(to);
    CHECK(to.all.size() == 6);
}

TEST_CASE(
    "kafka: a line of librdkafka's log is told once whatever it counts, another one is told") {
    const std::string thread = "[thrd:a:9092/1]: ", again = "reset (at offset 5, broker 1) to END";
    const auto key = kafka::log_key("OFFSET", thread + "orders-17 [3]: " + again);
    for (auto& same : {"orders-17 [3]: reset (at offset 1234567, broker 12) to END",
                       "orders-17 [3]: reset (at offset -1001, broker 2) to END"})
        CHECK(kafka::log_key("OFFSET", thread + same) == key);
    for (auto& other : {thread + "orders-17 [4]: " + again, thread + "orders-18 [3]: " + again,
                        thread + "orders [3]: " + again, "[thrd:a:9093/2]: orders-17 [3]: " + again,
                        thread + "orders-17 [3]: " + "reset (at offset 5, broker 1) to BEGINNING"})
        CHECK(kafka::log_key("OFFSET", other) != key);
    CHECK(kafka::log_key("OTHER", thread + "orders-17 [3]: " + again) != key);
    CHECK(kafka::log_key("REQTMOUT", thread + "Timed out 2 requests (after 60123ms, 10.5 s)") ==
          kafka::log_key("REQTMOUT", thread + "Timed out 31 requests (after 7ms, 0.25 s)"));
    CHECK(kafka::log_key("A", "no thread 12") == "A no thread ");
}

TEST_CASE("kafka: a login that is refused names the properties to look at") {
    const auto p = kafka::client_problem(RD_KAFKA_RESP_ERR__AUTHENTICATION, "a:1: wrong password");
    CHECK(p.text == "Kafka: a:1: wrong password; check security.protocol, sasl.mechanisms, "
                    "sasl.username and sasl.password");
    CHECK(p.refused);
}

TEST_CASE("kafka: a topic that is gone is named, and ends nothing") {
    const auto p = kafka::consumer_problem(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, "no such topic",
                                           "orders", 3);
    CHECK(p.text == "Kafka: topic 'orders'[3]: no such topic; it was deleted, or never had that "
                    "partition: create it");
    CHECK_FALSE(p.fatal);
}

TEST_CASE("kafka: a user who may not read ends the run") {
    CHECK(kafka::consumer_problem(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, "", "t", -1).fatal);
    CHECK(kafka::consumer_problem(RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, "", "", -1).fatal);
    CHECK(kafka::client_problem(RD_KAFKA_RESP_ERR__FENCED, "").fatal);
}

TEST_CASE("kafka: a commit's error says whether the assignment still holds") {
    for (auto [from, to] : {
             std::pair{RD_KAFKA_RESP_ERR_NO_ERROR, commit_error::none},
             std::pair{RD_KAFKA_RESP_ERR__NO_OFFSET, commit_error::none},
             std::pair{RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, commit_error::generation},
             std::pair{RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, commit_error::generation},
             std::pair{RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, commit_error::member},
             std::pair{RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST, commit_error::member},
             std::pair{RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, commit_error::fenced},
             std::pair{RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, commit_error::broker},
             std::pair{RD_KAFKA_RESP_ERR__TRANSPORT, commit_error::broker},
         }) {
        CAPTURE(from);
        CHECK(kafka::commit_error_of(from) == to);
    }
}

TEST_CASE("kafka: a sentence that keeps coming is told once, a fatal one each time") {
    kafka::problems all;
    told to;
    for (int i = 0; i < 3; ++i) {
        all.add({"away"});
        all.tell(to);
    }
    all.add({"something else"});
    for (int i = 0; i < 2; ++i) {
        all.add({"over", true});
        all.tell(to);
    }
    CHECK(to.all ==
          std::vector<std::pair<std::string, bool>>{
              {"away", false}, {"something else", false}, {"over", true}, {"over", true}});
    CHECK(all.cause() == "over");
    all.answered();
    CHECK(all.cause().empty());
}
