// SPDX-License-Identifier: Apache-2.0
// A chain behind a virtual call: branches of a merge end in one, and so does an erased pipeline.
#pragma once
#include <memory>
#include <type_traits>
#include <utility>

#include <weir/segment/chain.hpp>

namespace weir::detail {

/// A chain_ref of any type. The plan owns it.
class any_chain_ref {
public:
    virtual ~any_chain_ref() = default;
};

/// One chain that several segments end in. It is not a boundary: nothing waits in it, and a failure
/// concerns the message of the branch. While a message of one branch is parked behind it, other
/// branches do not push (`sink_occupancy`).
template <class T>
class chain_ref : public any_chain_ref {
public:
    virtual void push(context&, const T&) = 0;
    virtual void push(context&, T&&) = 0;
    virtual void resume(context&) = 0;
    virtual void apply(context&) = 0;
    virtual void finish() = 0;
    virtual void undo() = 0;
    virtual void assigned(const topic_partition&) = 0;
    virtual void revoked(const topic_partition&) = 0;
    virtual bool full() = 0;
    virtual void check() = 0;
    virtual sink_occupancy* shared_occupancy() = 0;

    bool more = false;  // more of the current message is to be pushed
};

template <class T, class Chain>
class chain_ref_of final : public chain_ref<T> {
public:
    explicit chain_ref_of(Chain c) : chain_(std::move(c)) {}
    void push(context& c, const T& v) override {
        chain_.push(c, v);
        look_for_more();
    }
    void push(context& c, T&& v) override {
        chain_.push(c, std::move(v));
        look_for_more();
    }
    void resume(context& c) override {
        if constexpr (Chain::in_pieces) chain_.resume(c);
        look_for_more();
    }
    void apply(context& c) override { chain_.apply(c); }
    void finish() override { chain_.finish(); }
    void undo() override {
        chain_.undo();
        this->more = false;
    }
    void assigned(const topic_partition& tp) override { chain_.assigned(tp); }
    void revoked(const topic_partition& tp) override { chain_.revoked(tp); }
    bool full() override { return chain_.full(); }
    void check() override { chain_.check(); }
    sink_occupancy* shared_occupancy() override {
        auto* behind = chain_.shared_occupancy();
        return behind ? behind : &occupancy_;
    }

private:
    void look_for_more() {
        if constexpr (Chain::in_pieces) this->more = chain_.more();
    }

    Chain chain_;
    sink_occupancy occupancy_;
};

/// The end of a branch. Converts a value to the chain_ref's type. `InPieces`: the chain may push a
/// message in pieces.
template <class T, message_part Needs, bool InPieces>
struct into_chain_ref {
    static constexpr message_part needs = Needs;
    static constexpr bool in_pieces = InPieces;
    chain_ref<T>* to;

    void push(context& c, auto&& v) {
        using given = decltype(v);
        if constexpr (!std::is_same_v<std::decay_t<given>, T>)
            to->push(c, T(std::forward<given>(v)));
        else if constexpr (std::is_lvalue_reference_v<given>) to->push(c, std::as_const(v));
        else to->push(c, std::move(v));
    }
    bool more() const { return to->more; }
    void resume(context& c) { to->resume(c); }
    void apply(context& c) { to->apply(c); }
    void finish() { to->finish(); }
    void undo() { to->undo(); }
    void assigned(const topic_partition& tp) { to->assigned(tp); }
    void revoked(const topic_partition& tp) { to->revoked(tp); }
    bool full() { return to->full(); }
    void check() { to->check(); }
    sink_occupancy* shared_occupancy() { return to->shared_occupancy(); }
};

}  // namespace weir::detail
