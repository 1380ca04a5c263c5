using System.CommandLine;
using System.Text.Json;
using DemoVlp.Contracts.Http;

namespace DemoVlp.Cli;

/// <summary>Commands about data sets.</summary>
internal static class DatasetCommands
{
    private static readonly Func<Argument<string>> Name = () => new Argument<string>("name") { Description = "Name of the data set." };

    public static Command Create() => new("datasets", "Data sets to train on and to evaluate with.") { List(), Show(), Make(), Clips(), Unusable(), Video(), Delete() };

    private static Command List() => new Command("list", "List the data sets.").Does(async (session, _, cancellationToken) =>
    {
        await session.Printer.ListAsync(session.Client.ListDatasetsAsync(cancellationToken), ["Name", "Format", "", "Splits", "Captions", "Questions", "Unusable"],
            set => [set.Name, set.Format, set.State == DatasetState.Ready ? "" : set.State, Splits(set), Printer.Number(set.Captions), Printer.Number(set.Questions), Printer.Number(set.Unusable.Values.Sum())],
            cancellationToken);
        return ExitCodes.Done;
    });

    private static Command Show()
    {
        var name = Name();
        return new Command("show", "Show one data set.") { name }.Does(async (session, parsed, cancellationToken) =>
        {
            session.Printer.Show(await session.Client.GetDatasetAsync(parsed.GetValue(name)!, cancellationToken), Describe);
            return ExitCodes.Done;
        });
    }

    private static Command Make()
    {
        var name = Name();
        var format = new Option<string>("--format") { Description = "moving-shapes, or a benchmark format such as msrvtt.", DefaultValueFactory = _ => "moving-shapes" };
        var seed = new Option<long?>("--seed") { Description = "Seed of generated clips, or of a share of a benchmark's rows." };
        var clips = new Option<int?>("--clips") { Description = "Generated clips of 'train' and of 'test' each." };
        var extended = new Option<bool>("--extended") { Description = "With a ninth shape and a ninth colour." };
        var annotations = new Option<string?>("--annotations") { Description = "Folder of a benchmark's files, below the system's import folder." };
        var regions = new Option<string?>("--regions") { Description = "Folder of its region features, below the import folder." };
        var cut = new Option<string?>("--cut") { Description = "How msrvtt is divided." };
        var share = new Option<double?>("--share") { Description = "Share of the rows to read, above 0 to 1." };
        var reference = new Option<bool>("--reference") { Description = "Read a benchmark's rows with the published code's mistakes, for comparison." };
        var command = new Command("create", "Make a data set: generated, or of a benchmark's files.") { name, format, seed, clips, extended, annotations, regions, cut, share, reference };
        return command.Does(async (session, parsed, cancellationToken) =>
        {
            var options = new Dictionary<string, JsonElement>();
            void Add<T>(string key, T? value)
            {
                if (value is not null) options[key] = JsonSerializer.SerializeToElement(value);
            }
            Add("seed", parsed.GetValue(seed));
            Add("clips", parsed.GetValue(clips));
            Add("vocabulary", parsed.GetValue(extended) ? "extended" : null);
            Add("annotations", parsed.GetValue(annotations));
            Add("regions", parsed.GetValue(regions));
            Add("cut", parsed.GetValue(cut));
            Add("share", parsed.GetValue(share));
            Add("reference", parsed.GetValue(reference) ? true : (bool?)null);
            session.Printer.Show(await session.Client.CreateDatasetAsync(new DatasetRequest { Name = parsed.GetValue(name), Format = parsed.GetValue(format), Options = options }, cancellationToken), Describe);
            return ExitCodes.Done;
        });
    }

    private static Command Clips()
    {
        var name = Name();
        var split = new Option<string?>("--split") { Description = "Only this split." };
        return new Command("clips", "List the clips of a data set.") { name, split }.Does(async (session, parsed, cancellationToken) =>
        {
            await session.Printer.ListAsync(session.Client.ListDatasetClipsAsync(parsed.GetValue(name)!, parsed.GetValue(split), cancellationToken), ["Id", "Split", "Caption", "Questions", "Missing"],
                clip => [clip.Id, clip.Split, clip.Captions is [var first, ..] ? first : "", Printer.Number(clip.Questions.Count), clip.Missing ?? ""], cancellationToken);
            return ExitCodes.Done;
        });
    }

    private static Command Unusable()
    {
        var name = Name();
        return new Command("unusable", "List every clip or row of a data set that cannot be used, and why.") { name }.Does(async (session, parsed, cancellationToken) =>
        {
            await session.Printer.ListAsync(session.Client.ListUnusableClipsAsync(parsed.GetValue(name)!, cancellationToken), ["Place", "Clip", "Reason", ""],
                clip => [clip.Place, clip.Clip, clip.Reason, clip.Detail], cancellationToken);
            return ExitCodes.Done;
        });
    }

    private static Command Video()
    {
        var (name, clip) = (Name(), new Argument<string>("clip") { Description = "Id of the clip." });
        var file = new Argument<string>("file") { Description = "Where to write it." };
        return new Command("video", "Save a clip as an mp4.") { name, clip, file }.Does(async (session, parsed, cancellationToken) =>
        {
            await using var source = await session.Client.OpenDatasetClipAsync(parsed.GetValue(name)!, parsed.GetValue(clip)!, 0, cancellationToken);
            await using var target = File.Create(parsed.GetValue(file)!);
            await source.CopyToAsync(target, cancellationToken);
            session.Printer.Say($"Wrote {parsed.GetValue(file)}.");
            return ExitCodes.Done;
        });
    }

    private static Command Delete()
    {
        var name = Name();
        return new Command("delete", "Delete a data set and all that was made for it.") { name }.Does(async (session, parsed, cancellationToken) =>
        {
            await session.Client.DeleteDatasetAsync(parsed.GetValue(name)!, cancellationToken);
            session.Printer.Say($"Deleted {parsed.GetValue(name)}.");
            return ExitCodes.Done;
        });
    }

    private static Spectre.Console.Table Describe(Dataset set) => Printer.Fields(
        ("Data set", set.Name), ("Format", set.Format), ("State", set.State), ("Why", set.Failure?.Detail), ("Splits", Splits(set)), ("Clips", Printer.Number(set.Clips)),
        ("Captions", Printer.Number(set.Captions)), ("Questions", Printer.Number(set.Questions)), ("With regions", Printer.Number(set.Splits.Sum(s => s.WithRegions))),
        ("Unusable", set.Unusable.Count > 0 ? string.Join("\n", set.Unusable.Select(u => $"{Printer.Number(u.Value)} {u.Key}")) : null));

    private static string Splits(Dataset set) => string.Join("  ", set.Splits.Select(split => $"{split.Name} {Printer.Number(split.Clips)}"));
}
