namespace DemoVlp.Shared.Tests.Tensors;

/// <summary>No assembly of ours lets TorchSharp make a number that a garbage collection may free while it is in use (decision 0011).</summary>
public sealed class ScalarLifetimeTests
{
    /// <summary>The one class that makes numbers, and holds them.</summary>
    private const string Holder = "TensorNumbers.";

    private static readonly Lazy<HashSet<string>> Unheld = new(FindUnheld);

    public static TheoryData<string> Assemblies => [.. Directory.EnumerateFiles(AppContext.BaseDirectory, "DemoVlp.*.dll")
        .Where(path => !Path.GetFileName(path).Contains(".Test", StringComparison.Ordinal) && CalledMembers.References(path, "TorchSharp")).Select(path => Path.GetFileName(path))];

    [Theory, MemberData(nameof(Assemblies))]
    public void Assembly_PassesNoNumberToATensorThatNobodyHolds(string assembly)
    {
        var faults = CalledMembers.Of(Path.Combine(AppContext.BaseDirectory, assembly))
            .Where(call => Unheld.Value.Contains(call.Callee) && !(call.Caller.StartsWith(Holder, StringComparison.Ordinal) && call.Callee.StartsWith("ScalarExtensionMethods.ToScalar(", StringComparison.Ordinal)))
            .Select(call => $"{call.Caller} calls {call.Callee}").Distinct().ToList();
        Assert.True(faults.Count == 0, $"Use TensorNumbers instead:\n  {string.Join("\n  ", faults)}");
    }

    [Fact]
    public void Assemblies_WithTensors_AreFound() =>
        Assert.Superset(new HashSet<string> { "DemoVlp.Modeling.dll", "DemoVlp.QueryAnswering.dll", "DemoVlp.RegionExtraction.dll" }, Assemblies.Select(row => row.Data).ToHashSet());

    /// <summary>Otherwise the search below finds nothing, whatever is called: a sum of two tensors and a square pass on a number that nobody sees.</summary>
    [Theory]
    [InlineData("Scalar.op_Implicit(Double)")]
    [InlineData("torch+Tensor.op_Addition(torch+Tensor, torch+Tensor)")]
    [InlineData("torch+Tensor.op_Multiply(torch+Tensor, Double)")]
    [InlineData("torch+Tensor.square()")]
    [InlineData("torch+nn+functional.leaky_relu(torch+Tensor, Double, Boolean)")]
    public void TorchSharp_MakesNumbersThatNobodyHolds(string member) => Assert.Contains(member, Unheld.Value);

    [Theory]
    [InlineData("torch+Tensor.op_Multiply(torch+Tensor, torch+Tensor)")]
    [InlineData("torch+Tensor.mul(Scalar)")]
    [InlineData("torch+Tensor.item()")]
    public void TorchSharp_WhereNoNumberIsMade_MayBeCalled(string member) => Assert.DoesNotContain(member, Unheld.Value);

    /// <summary>Every member of TorchSharp that makes a number, or calls one that does.</summary>
    private static HashSet<string> FindUnheld()
    {
        var calls = CalledMembers.Of(Path.Combine(AppContext.BaseDirectory, "TorchSharp.dll"));
        var callers = calls.ToLookup(call => call.Callee, call => call.Caller);
        var found = new HashSet<string> { "Scalar..ctor(IntPtr)" };
        var open = new Queue<string>(found);
        while (open.TryDequeue(out var member))
            foreach (var caller in callers[member])
                if (found.Add(caller)) open.Enqueue(caller);
        return found;
    }
}
