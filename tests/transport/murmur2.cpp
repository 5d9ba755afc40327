// SPDX-License-Identifier: Apache-2.0
#include "../../lib/transport/murmur2.hpp"

#include <doctest/doctest.h>
#include <librdkafka/rdkafka.h>

#include <random>
#include <string>
#include <vector>

using weir::transport::murmur2;
using weir::transport::partition_for;

TEST_CASE("murmur2: the golden values of Kafka's own tests") {
    // org.apache.kafka.common.utils.UtilsTest.testMurmur2
    CHECK(murmur2("21") == -973932308);
    CHECK(murmur2("foobar") == -790332482);
    CHECK(murmur2("a-little-bit-long-string") == -985981536);
    CHECK(murmur2("a-little-bit-longer-string") == -1486304829);
    CHECK(murmur2("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8") == -58897971);
    CHECK(murmur2("abc") == 479470107);
}

TEST_CASE("murmur2: k1 goes to partition 1 of 2") { CHECK(partition_for("k1", 2) == 1); }

TEST_CASE("murmur2: partitions are librdkafka's, for empty, binary and non-ASCII keys too") {
    std::vector<std::string> keys{"",
                                  "\xc3\xa4\xc3\xb6\xc3\xbc",
                                  "\xff\xfe\xfd",
                                  "\xf0\x9f\x8c\x8a",
                                  std::string(1, '\0'),
                                  std::string(5, '\xff')};
    std::mt19937 random{1};  // a fixed seed: the same keys in every run
    std::uniform_int_distribution<int> byte{0, 255}, length{0, 40};
    for (int i = 0; i < 400; ++i) {
        std::string key(static_cast<std::size_t>(length(random)), ' ');
        for (auto& c : key) c = static_cast<char>(byte(random));
        keys.push_back(std::move(key));
    }
    for (const auto& key : keys) {
        for (std::int32_t n : {1, 2, 3, 12, 1000}) {
            const auto ours = partition_for(key, n);
            // Neither looks at the topic where there is a key.
            REQUIRE(ours == rd_kafka_msg_partitioner_murmur2(nullptr, key.data(), key.size(), n,
                                                             nullptr, nullptr));
            REQUIRE(ours == rd_kafka_msg_partitioner_murmur2_random(nullptr, key.data(), key.size(),
                                                                    n, nullptr, nullptr));
        }
    }
}
