// SPDX-License-Identifier: Apache-2.0
// A table, as its changelog has it.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "record.hpp"

namespace tests::torture {

/// The last value of each key, as compaction keeps it. A key may be in several partitions: each is
/// a part of the table of its own.
struct folded {
    std::map<std::pair<int, std::string>, std::string> rows{};  // by partition and key
    std::size_t bookkeeping = 0;                                // records that are no rows
    std::size_t without_cut = 0;  // rows that do not say which cut they belong to

    void add(const record&);
};

/// The number that Kafka's LongSerializer has written. Throws if it is none.
std::int64_t long_of(const std::string& bytes);

/// A table of numbers: the sum of each key over all partitions.
std::map<std::string, std::int64_t> sums(const folded&);

}  // namespace tests::torture
