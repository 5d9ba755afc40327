// SPDX-License-Identifier: Apache-2.0
// What the app knows of a topic: declared by the user, or derived by an operator.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include <weir/message.hpp>
#include <weir/options.hpp>

namespace weir::detail {

class mailbox;

/// What the bytes of a key or a value are, for who shows them as text and makes them of text. A
/// topic that is used with several types has the one that says most, the last one here.
enum class data_form : std::uint8_t {
    raw,      // weir::bytes: anything
    text,     // a string's
    own,      // of a codec of the user's
    json,
    boolean,  // this and what follows: as Kafka's serializers write it
    integer,
    natural,
    real
};
struct data_type {
    data_form form = data_form::raw;
    std::uint8_t size = 0;  // of a number, in bytes
    bool nullable = true;   // null is a value
    // throws decode_error if the bytes are no value of the type; null: all are
    void (*check)(bytes_view) = nullptr;
};

/// Owned by the app's topics, one for each name; lives as long as the app. `partitions` is resolved
/// when a run starts.
struct topic_info {
    std::string name;  // begins with ^: a pattern, for all the topics that match it
    topic_options options{};
    bool declared = false;  // by app.topic; else derived by an operator
    // ours alone: always read from the earliest offset, never matched by a pattern
    bool internal = false;
    // a pipeline goes on from it: read from the earliest, or what it has sent there could be lost
    bool resumed = false;
    // a derived topic has as many partitions as the largest of these
    std::vector<topic_info*> sources{};
    partition_id partitions = 0;
    data_type key{}, value{};
    mailbox* by = nullptr;  // who sends to it; null: nobody, it is a test's
};

/// The topic is used with these types, too.
inline void learn(topic_info& t, const data_type& key, const data_type& value) {
    if (key.form > t.key.form) t.key = key;
    if (value.form > t.value.form) t.value = value;
}

/// Every topic of one app, by name.
class topics {
public:
    virtual topic_info& derive(const std::string& name, partition_id partitions, bool internal,
                               const std::vector<topic_info*>& sources) = 0;

protected:
    ~topics() = default;
};

}  // namespace weir::detail
