// SPDX-License-Identifier: Apache-2.0
#include <weir/segment/message_time.hpp>

#include <string>

#include <weir/error.hpp>
#include <weir/policy.hpp>

#include "../codec/json_time.hpp"

namespace weir::detail {
namespace {

std::string text_of(timestamp t) {
    const auto ms = t.time_since_epoch().count();
    const auto text = write_time(ms, {1, 1000});
    return text.empty() ? std::to_string(ms) + " ms after 1970 began" : text;
}

}  // namespace

timestamp time_limits::latest() const {
    return clock_->wall() + std::chrono::floor<std::chrono::milliseconds>(ahead_max_);
}

void time_limits::refuse(timestamp at) const {
    if (at < timestamp{})
        throw decode_error{std::to_string(at.time_since_epoch().count()) +
                           " ms is negative: a time is not before 1970"};
    throw decode_error{text_of(at) + " is more than ahead_max = " + detail::text_of(ahead_max_) +
                       " ahead of the app's clock, " + text_of(clock_->wall())};
}

}  // namespace weir::detail
