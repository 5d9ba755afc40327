// SPDX-License-Identifier: Apache-2.0
// An event: a value with all that is known of its message.
#pragma once
#include <string>
#include <utility>

#include <weir/message.hpp>

namespace weir {

/// A message as it was read: key and value, decoded and as bytes, and where and when it was. It
/// owns its bytes.
template <class K, class V>
class event {
public:
    event(K key, V value, weir::headers headers, weir::timestamp when, topic_partition place,
          weir::offset offset, bytes raw_key, bytes raw_value)
        : key_(std::move(key)),
          value_(std::move(value)),
          headers_(std::move(headers)),
          timestamp_(when),
          place_(std::move(place)),
          offset_(offset),
          raw_key_(std::move(raw_key)),
          raw_value_(std::move(raw_value)) {}

    const K& key() const { return key_; }
    const V& value() const { return value_; }
    const weir::headers& headers() const { return headers_; }
    weir::timestamp timestamp() const { return timestamp_; }
    const std::string& topic() const { return place_.topic; }
    partition_id partition() const { return place_.partition; }
    weir::offset offset() const { return offset_; }
    bytes_view raw_key() const { return raw_key_; }
    bytes_view raw_value() const { return raw_value_; }

private:
    K key_;
    V value_;
    weir::headers headers_;
    weir::timestamp timestamp_;
    topic_partition place_;
    weir::offset offset_;
    bytes raw_key_, raw_value_;
};

}  // namespace weir
