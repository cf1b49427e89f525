import threading, collections, json
from live_server import LiveServer
import pytest
from concurrent.futures import ThreadPoolExecutor

def test_two_workers(new_database, tmp_path):
    live = LiveServer(tmp_path/"d", new_database(), OBMEN_HTTP_WORKERS="2")
    live.start()
    c=collections.Counter()
    try:
        for i in range(40):
            a=live.ask("POST","/api/v1/sections",{"name":"s"}); c["sec",a.status]+=1
            s=a.json["id"]
            a=live.ask("POST","/api/v1/catalogs",{"name":"x","sectionId":s,"fields":[{"id":"a","name":"a","type":"text"}]}); c["cat",a.status]+=1
            if a.status!=200: print(a.body); continue
            k=a.json["id"]
            for p in (f"/sections/{s}", f"/catalogs/{k}", f"/catalogs/{k}/records"):
                c[p.split("/")[1]+str(p.count("/")),live.ask("GET","/api/v1"+p).status]+=1
            c["listed", k in [x["id"] for x in live.api("GET","/catalogs")]]+=1
            a=live.ask("POST",f"/api/v1/catalogs/{k}/records",{"values":{"a":"x"}}); c["rec",a.status]+=1
            c["patch",live.ask("PATCH",f"/api/v1/catalogs/{k}",{"fields":[{"id":"a"},{"id":"b","name":"b","type":"text"}]}).status]+=1
            a=live.ask("POST",f"/api/v1/catalogs/{k}/records",{"values":{"b":"x"}}); c["rec b",a.status]+=1
            c["b shown", "b" in live.api("GET",f"/catalogs/{k}/records")[0]["values"]]+=1
            c["dropped",live.ask("PATCH",f"/api/v1/catalogs/{k}",{"fields":[{"id":"b"}]}).status]+=1
            c["a gone", "a" not in live.api("GET",f"/catalogs/{k}/records")[0]["values"]]+=1
            c["delete",live.ask("DELETE",f"/api/v1/catalogs/{k}").status]+=1
            c["gone",live.ask("GET",f"/api/v1/catalogs/{k}/records").status]+=1
    finally:
        print(live.log.read_text()[-1500:]); live.kill()
    print(c); assert 0

def test_hammer(server):
    s=server.api("POST","/sections",{"name":"s"})["id"]
    k=server.api("POST","/catalogs",{"name":"x","sectionId":s,"fields":[{"id":"a","name":"a","type":"text"}]})["id"]
    stop=threading.Event(); c=collections.Counter(); bad=[]
    def reader():
        while not stop.is_set():
            a=server.ask("GET",f"/api/v1/catalogs/{k}/records?limit=3"); c["get",a.status]+=1
            if a.status>=500: bad.append(a.body)
    def writer():
        while not stop.is_set():
            a=server.ask("POST",f"/api/v1/catalogs/{k}/records",{"values":{"a":"x"}}); c["post",a.status]+=1
            if a.status>=500: bad.append(a.body)
            if a.status==200:
                a=server.ask("PATCH",f"/api/v1/catalogs/{k}/records/"+a.json["id"],{"values":{"a":"y"}}); c["patch",a.status]+=1
                if a.status>=500: bad.append(a.body)
    def changer(n):
        for i in range(25):
            a=server.ask("PATCH",f"/api/v1/catalogs/{k}",{"fields":[{"id":"a"},{"name":f"n{i}","type":"number"}]}); c["alter",a.status]+=1
            if a.status>=500: bad.append(a.body)
    ts=[threading.Thread(target=t) for t in (reader,writer,writer)]
    for t in ts: t.start()
    with ThreadPoolExecutor(2) as p: list(p.map(changer, range(2)))
    stop.set()
    for t in ts: t.join()
    print(c, bad[:2]); print(server.log.read_text()[-2500:]); assert 0
