using DemoVlp.Modeling.Serialization;
using FsCheck;
using FsCheck.Fluent;

namespace DemoVlp.Modeling.Tests.Serialization;

/// <summary>Pickles made to run code, to fill the memory or to hang. None may do more than be refused, or be read for what it is.</summary>
public sealed class HostilePickleTests
{
    private const string Call = "os";

    [Theory]
    [InlineData("reduce")]
    [InlineData("inst")]
    [InlineData("obj")]
    [InlineData("newobj")]
    [InlineData("newobj_ex")]
    [InlineData("build")]
    [InlineData("stack_global")]
    [InlineData("chained")]
    public void Open_OfAPickleThatCallsTheSystem_RunsNothing(string way)
    {
        var marker = Path.Combine(Path.GetTempPath(), $"demovlp-{Guid.NewGuid():N}");
        var command = $"touch {marker}";
        var pickle = way switch
        {
            "reduce" => new PickleAssembler().Global(Call, "system").Text(command).Op("\x85R"),
            "inst" => new PickleAssembler().Op("(").Text(command).Op("ios\nsystem\n"),
            "obj" => new PickleAssembler().Op("(").Global(Call, "system").Text(command).Op("o"),
            "newobj" => new PickleAssembler().Global("subprocess", "Popen").Text(command).Op("\x85\x81"),
            "newobj_ex" => new PickleAssembler().Global("subprocess", "Popen").Text(command).Op("\x85}\x92"),
            "build" => new PickleAssembler().Global("builtins", "object").Op(")R}").Text("__setstate__").Global(Call, "system").Op("sb").Text(command).Op("b"),
            "stack_global" => new PickleAssembler().Text(Call).Text("system").Op("\x93").Text(command).Op("\x85R"),
            _ => new PickleAssembler().Global("builtins", "getattr").Global("builtins", "__import__").Text(Call).Op("\x85R").Text("system").Op("\x86R").Text(command).Op("\x85R"),
        };
        using var checkpoint = TorchCheckpoint.Open(new MemoryStream(pickle.Op(".").ToCheckpoint()));
        Assert.IsType<PickleOpaque>(checkpoint.Root);
        Assert.False(File.Exists(marker));
    }

    [Fact]
    public void Open_OfBombs_StaysWithinTheMemoryTheirSizeAllows()
    {
        var long_ = new string('a', 200_000);
        var many = Enumerable.Range(0, 20_000).ToArray();
        var bombs = new Dictionary<string, PickleAssembler>
        {
            ["lists in lists, doubled a thousand times"] = new PickleAssembler().Op("]").Repeat(1000, "2\x86"),
            ["a list that holds itself"] = new PickleAssembler().Op("]").Put(0).Repeat(50_000, "j\0\0\0\0a"),
            ["a dictionary that holds itself"] = new PickleAssembler().Op("}").Put(0).Text("a").Get(0).Op("s"),
            ["half a million tuples in each other"] = new PickleAssembler().Op("N").Repeat(500_000, "\x85"),
            ["half a million marks"] = new PickleAssembler().Repeat(500_000, "(").Op("N"),
            ["half a million marks, closed"] = new PickleAssembler().Repeat(500_000, "(").Repeat(500_000, "t"),
            ["a storm of DUP"] = new PickleAssembler().Op("}").Repeat(1_000_000, "2"),
            ["more operations than any checkpoint needs"] = new PickleAssembler().Op("N").Repeat(2_100_000, "20"),
            ["a text copied again and again"] = new PickleAssembler().Global("_codecs", "encode").Put(0).Op("0(").Text(long_).Text("latin1").Op("t").Put(1).Op("0]").Repeat(20_000, "j\0\0\0\0j\x01\0\0\0Ra"),
            ["a long name, again and again"] = new PickleAssembler().Text(long_).Put(0).Op("0]").Repeat(20_000, "j\0\0\0\0j\0\0\0\0\x93" + "a"),
            ["a long type, again and again"] = new PickleAssembler().Global("numpy", "dtype").Put(0).Op("0").Text("<" + long_).Op("\x85").Put(1).Op("0]").Repeat(20_000, "j\0\0\0\0j\x01\0\0\0Ra"),
            ["a shape of 20000 sizes, again and again"] = new PickleAssembler().Global("torch._utils", "_rebuild_tensor_v2").Put(0).Op("0((").Text("storage").Global("torch", "FloatStorage").Text("0").Text("cpu")
                .Number(1).Op("tQK\0").Tuple(many).Op("2t").Put(1).Op("0]").Repeat(20_000, "j\0\0\0\0j\x01\0\0\0Ra"),
            ["a dictionary from a long list, again and again"] = new PickleAssembler().Global("collections", "OrderedDict").Put(0).Op("0](").Repeat(20_000, "K\x01K\x02\x86").Op("e\x85").Put(1).Op("0]").Repeat(20_000, "j\0\0\0\0j\x01\0\0\0Ra"),
            ["a number of a megabyte"] = new PickleAssembler().Op("\x8b").Int32(1 << 20).Raw(new byte[1 << 20]),
            ["a number of a million digits"] = new PickleAssembler().Op("L").Repeat(1_000_000, "9").Op("L\n"),
            ["a text of nine exabytes"] = new PickleAssembler().Op("\x8d").Int64(long.MaxValue),
            ["bytes of a negative length"] = new PickleAssembler().Op("\x8e").Int64(-1),
            ["a memory far out"] = new PickleAssembler().Op("N").Put(-1).Get(-1),
        };
        foreach (var (what, bomb) in bombs)
        {
            var fault = Record.Exception(() => Hostile.Checkpoint(bomb.Op(".").ToCheckpoint()));
            Assert.True(fault is null, $"{what}: {fault?.Message}");
        }
    }

    [Fact]
    public void Open_OfKeysMadeToCollide_ReadsThemAll()
    {
        // Each key's halves are equal: with the plain hash of a long they would all fall into one bucket, and reading them would take hours.
        var pickle = new PickleAssembler().Op("}(");
        for (var i = 0; i < 200_000; i++) pickle.Op("\x8a\x08").Int32(i).Int32(i).Op("N");
        using var checkpoint = TorchCheckpoint.Open(new MemoryStream(pickle.Op("u.").ToCheckpoint()));
        Assert.Equal(200_000, Assert.IsType<PickleDictionary>(checkpoint.Root).Count);
    }

    [Theory]
    [InlineData("FloatStorage", int.MaxValue, new[] { int.MaxValue }, new[] { 1 })] // bytes that are not there
    [InlineData("FloatStorage", -1, new[] { 0 }, new[] { 1 })]
    [InlineData("FloatStorage", 16, new[] { 17 }, new[] { 1 })]
    [InlineData("FloatStorage", 16, new[] { 2, 2 }, new[] { int.MaxValue, int.MaxValue })]
    [InlineData("FloatStorage", 16, new[] { 2, -2 }, new[] { 1, 1 })]
    [InlineData("FloatStorage", 16, new[] { 2, 2 }, new[] { 1, -1 })]
    [InlineData("FloatStorage", 16, new[] { int.MaxValue, int.MaxValue, int.MaxValue }, new[] { 0, 0, 0 })]
    [InlineData("FloatStorage", 16, new[] { 0, int.MaxValue, int.MaxValue, int.MaxValue }, new[] { 1, 1, 1, 1 })]
    [InlineData("DoubleStorage", 16, new[] { 16 }, new[] { 1 })] // twice the bytes
    [InlineData("FloatStorage", 16, new[] { 1 }, new int[0])]
    public void Materialise_OfATensorThatLies_Refuses(string storage, int elements, int[] shape, int[] strides)
    {
        var file = new PickleAssembler().Tensor(storage, elements, shape, strides).Op(".").ToCheckpoint();
        Assert.Equal("checkpoint-malformed", Hostile.Checkpoint(file)?.Code);
    }

    [Fact]
    public void Materialise_OfAThousandTensorsFromOneStorage_RefusesBeforeTheMemoryIsFull()
    {
        var pickle = new PickleAssembler().Op("}(");
        for (var i = 0; i < 1000; i++) pickle.Text($"t{i}").Tensor("FloatStorage", 1 << 18, [1 << 18], [1]);
        Assert.Contains("larger than what the file holds", Hostile.Checkpoint(pickle.Op("u.").ToCheckpoint(new byte[1 << 20]))?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Materialise_OfStoragesSavedOnAGpuByOldTorch_ReadsThem()
    {
        var file = new PickleAssembler().Global("torch._utils", "_rebuild_tensor_v2").Op("((").Text("storage").Global("torch.cuda", "FloatStorage").Text("0").Text("cuda:0").Number(2)
            .Op("NtQ").Number(0).Tuple([2]).Tuple([1]).Op("\x89NtR.").ToCheckpoint([0, 0, 0x80, 0x3f, 0, 0, 0, 0x40]);
        using var checkpoint = TorchCheckpoint.Open(new MemoryStream(file));
        using var tensor = checkpoint.Materialise(Assert.IsType<PickleTensor>(checkpoint.Root));
        Assert.Equal([1f, 2f], tensor.data<float>().ToArray());
    }

    [Fact]
    public void Open_OfRandomPrograms_ReadsOrRefusesEach()
    {
        var read = 0;
        Prop.ForAll(Programs().ToArbitrary(), program =>
        {
            if (Hostile.Checkpoint(PickleAssembler.Checkpoint([.. program, (byte)'.'], new byte[64])) is null) read++;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(4000));
        Assert.InRange(read, 400, 3600); // Neither side of the contract goes untested.
    }

    [Fact]
    public void Open_OfRandomBytes_ReadsOrRefusesEach() =>
        Prop.ForAll(Gen.Choose(0, 255).Select(b => (byte)b).ArrayOf().Resize(300).ToArbitrary(), bytes =>
        {
            Hostile.Checkpoint(PickleAssembler.Checkpoint(bytes, []));
            Hostile.Checkpoint(bytes);
            Hostile.Checkpoint([.. "PK\x03\x04"u8, .. bytes]);
            Hostile.Regions(bytes);
            Hostile.Safetensors(bytes);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1000));

    /// <summary>Most operations find on the stack what they take, so that many programs get far; some do not. The functions named are those the reader knows, and some it does not.</summary>
    private static Gen<byte[]> Programs() => Gen.Choose(0, int.MaxValue).Select(seed =>
    {
        var random = new Random(seed);
        var (program, marks, remembered, depth, wild) = (new System.Text.StringBuilder(), new Stack<int>(), new List<char>(), 0, random.Next(3) == 0);
        for (var length = random.Next(1, 80); length > 0; length--)
        {
            var reachable = depth - (marks.Count > 0 ? marks.Peek() : 0);
            if (wild && random.Next(20) == 0) program.Append((char)random.Next(256));
            else if (reachable >= 3 && random.Next(4) == 0) Take(3, wild ? "\u0087\u0092s" : "\u0087s");
            else if (reachable >= 2 && random.Next(3) == 0) Take(2, wild ? "\u0086R\u0081\u0093ba" : "\u0086ba");
            else if (reachable >= 1 && random.Next(3) == 0) Take(1, wild ? "\u0085Q02" : "\u00852");
            else if (reachable >= 1 && random.Next(5) == 0) Remember();
            else if (remembered.Count > 0 && random.Next(8) == 0) Add("h" + remembered[random.Next(remembered.Count)]);
            else if (marks.Count > 0 && random.Next(4) == 0) Close();
            else Add(Values[random.Next(Values.Length)]);
        }
        while (marks.Count > 0) Close();
        if (depth == 0) program.Append('N');
        return System.Text.Encoding.Latin1.GetBytes(program.ToString());

        void Add(string value)
        {
            program.Append(value);
            if (value == "(") marks.Push(depth);
            else depth++;
        }

        void Remember()
        {
            var place = (char)random.Next(4);
            remembered.Add(place);
            program.Append('q').Append(place);
        }

        void Take(int count, string operations)
        {
            var operation = operations[random.Next(operations.Length)];
            program.Append(operation);
            depth -= operation switch { 's' => 2, 'a' or 'b' or '\x93' or 'R' or '\x81' => 1, '0' => 1, '2' => -1, _ => count - 1 };
        }

        void Close()
        {
            program.Append("tl1"[random.Next(3)]);
            var kept = program[^1] == '1' ? 0 : 1;
            depth = marks.Pop() + kept;
        }
    });

    private static readonly string[] Values =
    [
        "N", "\x88", "\x89", ")", "]", "}", "(", "(", "(", "\x8f", "K\0", "K\x01", "K\x10", "J\xff\xff\xff\xff", "G\x3f\xf8\0\0\0\0\0\0", "\x8a\x02\0\x01", "U\x01" + "0", "X\x07\0\0\0storage", "U\x06latin1", "C\x04" + "abcd", "U\x02" + "f4",
        "ctorch\nFloatStorage\n", "ccollections\nOrderedDict\n)R", "ccollections\nOrderedDict\n](K\x01K\x02\x86" + "e\x85R", "c_codecs\nencode\nU\x03" + "abcU\x06latin1\x86R", "cnumpy\ndtype\nU\x02" + "f4\x85R",
        "cnumpy.core.multiarray\n_reconstruct\n)R", "cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\nU\x02" + "f4\x85RC\x04" + "abcd\x86R", "cos\nsystem\n)R", "cos\nsystem\n)}\x92", "(ios\nsystem\n",
        "((X\x07\0\0\0storagectorch\nFloatStorage\nU\x01" + "0U\x03" + "cpuK\x10tQl", "ctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\nU\x01" + "0U\x03" + "cpuK\x10tQK\0K\x02\x85K\x01\x85\x89NtR",
    ];
}
