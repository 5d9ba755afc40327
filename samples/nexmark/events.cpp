// SPDX-License-Identifier: Apache-2.0
#include "events.hpp"

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>

#include <weir/error.hpp>

namespace nexmark {
namespace {

/// Reads or writes the fields of an event one after another.
class reader {
public:
    explicit reader(std::string_view from) : from_(from) {}
    template <std::integral T>
    void operator()(T& field) {
        weir::codec<T>::decode(from_.substr(0, sizeof(T)), field);
        from_.remove_prefix(sizeof(T));
    }
    void operator()(weir::timestamp& field) {
        std::int64_t ms = 0;
        (*this)(ms);
        field = weir::timestamp{std::chrono::milliseconds{ms}};
    }

private:
    std::string_view from_;
};
class writer {
public:
    explicit writer(weir::bytes& onto) : onto_(onto) {}
    template <std::integral T>
    void operator()(const T& field) {
        weir::codec<T>::encode(field, onto_);
    }
    void operator()(const weir::timestamp& field) { (*this)(field.time_since_epoch().count()); }

private:
    weir::bytes& onto_;
};

void each_field(auto& e, auto&& f)
    requires requires { e.first_name; }
{
    f(e.id), f(e.at), f(e.state), f(e.city), f(e.first_name), f(e.last_name);
}
void each_field(auto& e, auto&& f)
    requires requires { e.reserve; }
{
    f(e.id), f(e.at), f(e.expires), f(e.seller), f(e.category), f(e.initial_bid), f(e.reserve);
}
void each_field(auto& e, auto&& f)
    requires requires { e.bidder; }
{
    f(e.auction), f(e.at), f(e.bidder), f(e.price), f(e.channel);
}

constexpr std::size_t sizes[] = {200, 500, 100};  // of a person, an auction, a bid

template <class T>
T& made(event& into) {
    if (auto* is = std::get_if<T>(&into)) return *is;
    return into.emplace<T>();
}

}  // namespace

weir::timestamp time_of(const event& e) {
    return std::visit([](auto& one) { return one.at; }, e);
}
std::int64_t key_of(const event& e) {
    if (auto* a = std::get_if<auction>(&e)) return a->seller;
    if (auto* b = std::get_if<bid>(&e)) return b->auction;
    return std::get<person>(e).id;
}
std::int64_t name_of(const person& p) { return p.first_name * 16 + p.last_name; }

}  // namespace nexmark

using nexmark::event;

void weir::codec<event>::decode(bytes_view from, event& into) {
    const auto text = from.view();
    const auto kind = text.empty() ? std::size_t{3} : static_cast<unsigned char>(text[0]);
    if (kind > 2 || text.size() != nexmark::sizes[kind])
        throw decode_error{"this is no event of Nexmark"};
    nexmark::reader read{text.substr(1)};
    if (kind == 0) nexmark::each_field(nexmark::made<nexmark::person>(into), read);
    else if (kind == 1) nexmark::each_field(nexmark::made<nexmark::auction>(into), read);
    else nexmark::each_field(nexmark::made<nexmark::bid>(into), read);
}

void weir::codec<event>::encode(const event& value, bytes& onto) {
    const auto end = onto.size() + nexmark::sizes[value.index()];
    onto.push_back(static_cast<char>(value.index()));
    nexmark::writer write{onto};
    std::visit([&](auto& one) { nexmark::each_field(one, write); }, value);
    onto.buffer().resize(end);
}
