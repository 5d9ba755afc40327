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
    CHECK(p.text == "Kafka: a:1: Connection refused; check that the broker runs and can be "
                    "reached; weir goes on trying");
    CHECK_FALSE(p.fatal);
    CHECK_FALSE(p.refused);
}

TEST_CASE("kafka: a login that is refused names the properties to look at") {
    const auto p = kafka::client_problem(RD_KAFKA_RESP_ERR__AUTHENTICATION, "a:1: wrong password");
    CHECK(p.text == "Kafka: a:1: wrong password; check security.protocol, sasl.mechanisms, "
                    "sasl.username and sasl.password");
    CHECK(p.refused);
}

TEST_CASE("kafka: a topic that is gone is named, and ends nothing") {
    const auto p = kafka::consumer_problem(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
                                           "no such topic", "orders", 3);
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
    for (int i = 0; i < 3; ++i) all.add({"away"}), all.tell(to);
    all.add({"something else"});
    for (int i = 0; i < 2; ++i) all.add({"over", true}), all.tell(to);
    CHECK(to.all == std::vector<std::pair<std::string, bool>>{
                        {"away", false}, {"something else", false},
                        {"over", true}, {"over", true}});
    CHECK(all.last() == "over");
    all.answered();
    CHECK(all.last().empty());
}
