// SPDX-License-Identifier: Apache-2.0
// The sentences of the plain codecs.
#include <weir/codec/codec.hpp>

#include <string>

namespace weir::detail {

void fail_null() {
    throw decode_error{"null where none is allowed: make the type std::optional<…>"};
}

void fail_size(std::size_t expected, std::size_t found) {
    throw decode_error{"expected " + std::to_string(expected) +
                       (expected == 1 ? " byte" : " bytes") + ", found " + std::to_string(found)};
}

void fail_bool(unsigned char found) {
    throw decode_error{"expected a bool, 0 or 1, found " + std::to_string(found)};
}

}  // namespace weir::detail
