// SPDX-License-Identifier: Apache-2.0
// The error texts of the codecs that need no JSON.
#include <weir/codec/codec.hpp>

#include <new>
#include <string>

namespace weir::detail {

void fail_encode(std::string_view type) {
    try {
        throw;
    } catch (const encode_error&) { throw; } catch (const std::bad_alloc&) {
        throw;
    } catch (const std::exception& e) {
        throw encode_error{readable_type_name(type) + ": its codec cannot write it: " + e.what()};
    }
}

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
