// SPDX-License-Identifier: Apache-2.0
// What the loop and a segment tell each other.
#include <doctest/doctest.h>
#include <weir/segment/segment.hpp>

using weir::detail::run_status;
using weir::detail::segment_turn;

TEST_CASE("a run that was ended for one reason is not ended for a smaller one") {
    const weir::clock real;
    segment_turn turn{real, {}};
    CHECK((turn.ends() == run_status::done));
    turn.end(run_status::stop);
    CHECK((turn.ends() == run_status::stop));
    turn.end(run_status::full);
    turn.end(run_status::stop);  // stop() while a message is being parked
    CHECK((turn.ends() == run_status::full));
}
