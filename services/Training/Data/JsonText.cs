using System.Text.Json;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace DemoVlp.Training.Data;

/// <summary>Small values that are never searched for, kept as JSON text: the same in both databases.</summary>
internal static class JsonText
{
    public static PropertyBuilder<T> HasJsonText<T>(this PropertyBuilder<T> property) => property.HasConversion(new Converter<T>(), new Comparer<T>());

    private static string Write<T>(T value) => JsonSerializer.Serialize(value);

    private static T Read<T>(string text) => JsonSerializer.Deserialize<T>(text)!;

    private sealed class Converter<T>() : ValueConverter<T, string>(value => Write(value), text => Read<T>(text));

    private sealed class Comparer<T>() : ValueComparer<T>(
        (a, b) => Write(a) == Write(b), value => Write(value).GetHashCode(StringComparison.Ordinal), value => value);
}
