// SPDX-License-Identifier: Apache-2.0
// What the programs of the queries have in common.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include <weir/weir.hpp>

#include "checksum.hpp"
#include "events.hpp"
#include "generator.hpp"

namespace nexmark {

/// The value, if the event is one of these.
std::optional<person> persons(const event&);
std::optional<auction> auctions(const event&);
std::optional<bid> bids(const event&);

/// What the queries' programs have: an app with a topic of events, and what the query has found.
class query {
public:
    // What is committed is dropped by the embedded broker when a partition is full.
    explicit query(const std::string& name, const weir::app_options& o = {.commit_every = 100'000});
    /// Sends a million events, and runs until the agents have nothing left to do.
    int run(int argc, char** argv);
    /// Prints the checksums.
    void print() const;

    weir::app app;
    /// In one partition. The time of an event is its own.
    weir::topic<std::int64_t, event> events;
    checksum found;

private:
    generator from_;
};

/// Each adds its agent.
void q0(query&);
void q1(query&);
void q2(query&);
void q3(query&);
void q4(query&);
void q5(query&);
void q7(query&);
void q8(query&);

}  // namespace nexmark
