// SPDX-License-Identifier: Apache-2.0
// All rows of a table on disk: those in memory as they are, the others without filling memory.
#pragma once
#include <cstdint>
#include <memory>

#include <weir/codec/codec.hpp>
#include <weir/state/backing.hpp>
#include <weir/state/rows.hpp>

namespace weir::detail {

/// First what the disk has as of the beginning, then what memory alone has. Rows may change
/// meanwhile, and new ones may come into memory. What the disk is told meanwhile may be left out.
template <class K, class V>
class disk_walk {
public:
    disk_walk(backing& of, const rows<K, V>& in_memory) : memory_(&in_memory), disk_(of.rows()) {}
    /// Valid until the next call. Null: there is no other.
    const row<K, V>* next() {
        while (disk_) {
            if (!disk_->next()) {
                disk_.reset();
                break;
            }
            decode_into<K>(disk_->key(), found_.key);
            if (const auto* r = memory_->find(found_.key)) {
                if (r->live) return r;
                continue;
            }
            const auto v = disk_->value();
            decode_into<V>(v.value, found_.value);
            found_.time = v.time;
            found_.live = true;
            return &found_;
        }
        while (number_ < memory_->numbers()) {
            const auto& r = memory_->at_number(number_++);
            if (r.live && !r.on_disk) return &r;
        }
        return nullptr;
    }

private:
    const rows<K, V>* memory_;
    std::unique_ptr<backing::walk> disk_;
    std::uint32_t number_ = 0;
    row<K, V> found_{};
};

}  // namespace weir::detail
