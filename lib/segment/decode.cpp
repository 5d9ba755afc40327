// SPDX-License-Identifier: Apache-2.0
#include <weir/segment/decode.hpp>

#include <string>

#include <weir/error.hpp>

namespace weir::detail {

std::exception_ptr decode_failure(const char* what) {
    const auto failure = [&](const char* why) {
        return std::make_exception_ptr(decode_error{std::string{what} + ": " + why});
    };
    try {
        throw;
    } catch (const std::exception& e) { return failure(e.what()); } catch (...) {
        return failure("an exception that is not a std::exception");
    }
}

}  // namespace weir::detail
