using System.CommandLine;
using DemoVlp.Benchmarks;
using DemoVlp.Modeling.Native;
using DemoVlp.Modeling.VideoLanguage;
using TorchSharp;

TorchNativeLibrary.EnsureLoadable();

var rounds = new Option<int>("--rounds") { DefaultValueFactory = _ => 5, Description = "Pairs of measurements for each row." };
var threads = new Option<int>("--threads") { DefaultValueFactory = _ => 2, Description = "Threads for each side; one side works at a time." };
var python = new Option<string>("--python") { DefaultValueFactory = _ => "/usr/bin/python3", Description = "A Python with torch (Debian: python3-torch, libopenblas0-pthread)." };

var device = new Option<string>("--device") { DefaultValueFactory = _ => "cpu", Description = "Where both sides compute: cpu, cuda or cuda:N." };
var only = new Option<string?>("--only") { Description = "Only rows whose name contains this." };

var videoLanguage = new Command("video-language", "The video-language model of the paper's size against a PyTorch peer.") { rounds, threads, python, only };
videoLanguage.SetAction(arguments =>
{
    torch.set_num_threads(arguments.GetValue(threads));
    using var benchmark = new VideoLanguageBenchmark(arguments.GetValue(python)!, arguments.GetValue(threads));
    benchmark.Run(new Comparison(arguments.GetValue(rounds), arguments.GetValue(only)));
});

var ranking = new Command("ranking", "How a ranking of 200 videos changes if they are embedded in bfloat16; fails below what is required.") { threads, only };
ranking.SetAction(arguments =>
{
    torch.set_num_threads(arguments.GetValue(threads));
    return RankingAgreement.Run(arguments.GetValue(only));
});

var detector = new Command("detector", "The bottom-up-attention detector at full size, random weights, one frame of 1000 x 600, against PyTorch peers.") { rounds, threads, python, only, device };
detector.SetAction(arguments =>
{
    torch.set_num_threads(arguments.GetValue(threads));
    using var benchmark = new DetectorBenchmark(arguments.GetValue(python)!, arguments.GetValue(threads), arguments.GetValue(device)!);
    benchmark.Run(new Comparison(arguments.GetValue(rounds), arguments.GetValue(only)));
});

var stages = new Command("stages", "Where the time of a frame goes in that detector.") { rounds, threads, device };
stages.SetAction(arguments =>
{
    torch.set_num_threads(arguments.GetValue(threads));
    DetectorStages.Run(arguments.GetValue(device)!, arguments.GetValue(rounds));
});

var plot = new Option<string>("--plot") { DefaultValueFactory = _ => "economy.png", Description = "Where the picture goes." };
var economy = new Command("economy", "What a training sample costs the region model and a pixel model of the same size.") { rounds, threads, plot };
economy.SetAction(arguments =>
{
    torch.set_num_threads(arguments.GetValue(threads));
    new EconomyBenchmark(arguments.GetValue(rounds)).Run(arguments.GetValue(plot)!);
});

var step = new Option<bool>("--step") { Hidden = true };
var neighbours = new Command("neighbours", "What a second process on the same processors costs, with waiting threads that sleep and that spin.") { rounds, step };
neighbours.SetAction(arguments =>
{
    if (arguments.GetValue(step)) NeighbourBenchmark.Step();
    else NeighbourBenchmark.Run(arguments.GetValue(rounds));
});

var replicas = new Command("replicas", "A training step of the tiny model, shared out among replicas of it or by torch, operation by operation.") { rounds, threads };
replicas.SetAction(arguments => ReplicaBenchmark.Run(arguments.GetValue(rounds), arguments.GetValue(threads)));

var attention = new Command("attention", "Attention layers, forward and backward: as one operation against written out, and whole short videos against their groups.") { rounds, threads, only };
attention.SetAction(arguments =>
{
    torch.set_num_threads(arguments.GetValue(threads));
    AttentionBenchmark.Run(new Comparison(arguments.GetValue(rounds), arguments.GetValue(only)));
});

var precision = new Command("precision", "What bfloat16 changes in the regions that the built-in detector finds.");
precision.SetAction(_ =>
{
    torch.set_num_threads(1); // So small a network gains nothing from more.
    DetectorPrecision.Run();
});

var clip = new Option<string>("--clip") { Required = true, Description = "A video that ffmpeg can read." };
var frames = new Option<int>("--frames") { DefaultValueFactory = _ => 4, Description = "Frames of it, two for each second." };
var bfloat16 = new Option<bool>("--bfloat16") { Description = "In bfloat16." };
var memory = new Command("memory", "Peak memory of the detector at full size, random weights, on a clip's frames; fails above 2.5 GB.") { threads, clip, frames, bfloat16, device };
memory.SetAction(arguments =>
{
    torch.set_num_threads(arguments.GetValue(threads));
    return DetectorMemory.Run(arguments.GetValue(clip)!, arguments.GetValue(frames), arguments.GetValue(bfloat16) ? ComputePrecision.BFloat16 : ComputePrecision.Float32, arguments.GetValue(device)!);
});

var url = new Option<string?>("--url") { Description = "A running system to measure (key: DEMOVLP_API_KEY); the clips stay in its library. Without it one is started, with an empty one." };
var clips = new Option<int>("--clips") { DefaultValueFactory = _ => ShapesBenchmark.ClipsByDefault, Description = "How many clips; fewer for a trial." };
clips.Validators.Add(result => { if (result.GetValueOrDefault<int>() < 1) result.AddError("--clips must be at least 1."); });
var shapes = new Command("shapes", "What a system finds and answers about unseen Moving Shapes clips, measured through its gateway; fails below what is required.") { url, clips };
shapes.SetAction((arguments, cancellationToken) => ShapesBenchmark.RunAsync(arguments.GetValue(url), arguments.GetValue(clips), cancellationToken));

return await new RootCommand("Speed, as ratios measured in one run, and what a system finds.") { videoLanguage, ranking, economy, neighbours, replicas, attention, detector, stages, precision, memory, shapes }.Parse(args).InvokeAsync();
