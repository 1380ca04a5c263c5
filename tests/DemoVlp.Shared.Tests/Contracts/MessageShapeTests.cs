using System.Reflection;
using System.Text;
using DemoVlp.Contracts;
using MassTransit;

namespace DemoVlp.Shared.Tests.Contracts;

/// <summary>Messages of an old release are still on the queues when a new one starts: names and shapes only grow, and only by optional properties.</summary>
public sealed class MessageShapeTests
{
    [Fact]
    public async Task Messages_NamesAndShapes_AreThoseApproved()
    {
        var actual = Describe();
        var approvedFile = Path.Combine(AppContext.BaseDirectory, "Contracts", "messages.approved.txt");
        var approved = File.Exists(approvedFile) ? await File.ReadAllTextAsync(approvedFile, TestContext.Current.CancellationToken) : "";
        if (actual != approved) await File.WriteAllTextAsync(Path.Combine(AppContext.BaseDirectory, "messages.received.txt"), actual, TestContext.Current.CancellationToken);
        Assert.Equal(approved, actual);
    }

    [Fact]
    public void Messages_AllRecords_AreImmutableAndInANamespace()
    {
        foreach (var type in MessageTypes())
        {
            Assert.NotNull(type.Namespace);
            Assert.True(type.GetMethod("<Clone>$") is not null, $"{type} is no record");
            foreach (var property in type.GetProperties())
                Assert.True(property.SetMethod is null || property.SetMethod.ReturnParameter.GetRequiredCustomModifiers().Length > 0, $"{type.Name}.{property.Name} can be changed");
        }
    }

    private static IEnumerable<Type> MessageTypes() => typeof(ArtifactRef).Assembly.GetExportedTypes()
        .Where(t => !t.Namespace!.EndsWith(".Http", StringComparison.Ordinal) && !(t.IsAbstract && t.IsSealed))
        .OrderBy(t => t.FullName, StringComparer.Ordinal);

    private static string Describe()
    {
        var nullability = new NullabilityInfoContext();
        var text = new StringBuilder();
        foreach (var type in MessageTypes())
        {
            text.Append(MessageUrn.ForTypeString(type)).Append('\n');
            foreach (var property in type.GetProperties().OrderBy(p => p.Name, StringComparer.Ordinal))
            {
                var optional = nullability.Create(property).ReadState == NullabilityState.Nullable ? "?" : "";
                text.Append("  ").Append(property.Name).Append(": ").Append(NameOf(property.PropertyType)).Append(optional).Append('\n');
            }
        }
        return text.ToString();
    }

    private static string NameOf(Type type)
    {
        if (Nullable.GetUnderlyingType(type) is { } underlying) return NameOf(underlying);
        return type.IsGenericType ? $"{type.Name.Split('`')[0]}<{string.Join(", ", type.GetGenericArguments().Select(NameOf))}>" : type.Name;
    }
}
