// SPDX-License-Identifier: Apache-2.0
// The broker that the Kafka suite runs on, seen past weir: tests/kafka/run.py starts it.
#pragma once
#include <librdkafka/rdkafka.h>

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <weir/options.hpp>
#include <weir/transport/memory.hpp>

namespace tests {

/// host:port
std::string servers();
/// Where it asks for a login.
std::string login_server();
/// Where it tells its clients to go to away.invalid:9092.
std::string away_server();
inline std::string url() { return "kafka://" + servers(); }
/// A name that no case and no earlier run has used.
std::string fresh(const std::string& stem);
/// Quick ones for tests, within what the test broker allows.
weir::properties quick_group();
/// tests/kafka/broker COMMAND: "kill", "start", "hang", "wake". Starting a broker that runs does
/// nothing.
void broker(const std::string& command);

/// Whether the condition comes true; it is looked at again and again, at most for the time given.
bool until(const std::function<bool()>&, std::chrono::seconds = std::chrono::seconds{60});

/// Asks and changes the broker with a librdkafka handle of its own. Starts it unless it runs.
class admin {
public:
    admin();
    admin(const admin&) = delete;
    admin& operator=(const admin&) = delete;
    ~admin();

    std::vector<std::string> topics();
    void create(const std::string& topic, int partitions, const weir::properties& config = {});
    void grow(const std::string& topic, int partitions);
    void remove(const std::string& topic);
    /// Deletes a partition's messages before this offset.
    void delete_records(const std::string& topic, int partition, weir::offset before);
    /// The user may do all with topics and groups whose names begin so, except see settings.
    void allow_all_but_settings(const std::string& user, const std::string& prefix);
    /// Sends values "0" to "n-1", each with itself as the key.
    void fill(const std::string& topic, int n, int from = 0);
    void send(const std::string& topic, const std::string& key, const std::string& value,
              int partition = RD_KAFKA_PARTITION_UA);
    /// With this timestamp, to partition 0.
    void send_at(weir::timestamp, const std::string& topic, const std::string& value);
    void flush();
    /// Each partition's end.
    std::vector<weir::offset> ends(const std::string& topic);
    /// Each partition's beginning: what was before is deleted.
    std::vector<weir::offset> begins(const std::string& topic);
    /// What the group has committed; -1: nothing.
    std::vector<weir::offset> committed(const std::string& group, const std::string& topic);
    /// All that is in the topic now, partition by partition.
    std::vector<weir::transport::stored_message> dump(const std::string& topic);

private:
    bool partitions(std::map<std::string, int>&);
    int partitions(const std::string& topic);
    std::pair<std::vector<weir::offset>, std::vector<weir::offset>> both_ends(
        const std::string& topic);
    void put(rd_kafka_vu_t*, std::size_t);
    rd_kafka_t* rk_;
};

/// A producer that sends in transactions.
class transactional {
public:
    transactional();
    transactional(const transactional&) = delete;
    transactional& operator=(const transactional&) = delete;
    ~transactional();
    void begin();
    /// To partition 0; then waits until the broker has them.
    void send(const std::string& topic, int n);
    void commit();
    void abort();

private:
    rd_kafka_t* rk_;
};

}  // namespace tests
